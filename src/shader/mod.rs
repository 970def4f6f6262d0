//! Variant → WGSL text. A program is a block of generated constants, one file of each family and a
//! kernel; each family defines the same names and WGSL's module scope is free of order, so that
//! putting the texts together is the whole build.

// Before the modules that say it too.
macro_rules! fragment {
    ($path:literal) => {
        include_str!(concat!("../../shaders/", $path, ".wgsl"))
    };
}

mod all;
pub mod families;
pub mod group;
mod optimizer;
pub mod params;
mod registers;
mod twins;
pub mod variant;
pub(crate) mod words;

use crate::dtype::Precision;
use crate::plan::geometry::Walk;
use variant::{
    Direction, Kernel, Lane, NormKind, Pack, Radius, Rows, SetKind, Storage, Variant, Verdict,
};

/// The program that makes the numbers of the next step of an optimizer ready.
pub fn advance(precision: Precision) -> String {
    let [numbers, _] = precision.texts();
    [numbers, fragment!("optimizer/numbers"), fragment!("optimizer/advance")].join("\n")
}

impl Variant {
    /// The program.
    pub fn source(&self) -> String {
        let precision = self.pack.precision();
        if self.kernel.owns_rows() {
            let [numbers, _] = precision.texts();
            let texts = [numbers, fragment!("params/slices"), self.kernel.text()];
            return format!("{}\n{}", self.constants(), texts.join("\n"));
        }
        let mut fragments = vec![fragment!("params/slices"), self.lane.text()];
        fragments.extend(precision.texts());
        fragments.extend(self.norm.texts());
        if self.norm == NormKind::Lp {
            fragments.push(precision.powers());
        }
        fragments.push(self.kernel.text());
        if self.kernel.touches_tensor() {
            let place = match self.rows {
                Rows::All => fragment!("walk/place"),
                Rows::Apart | Rows::SameBuffer => fragment!("rows/place"),
            };
            fragments.extend([place, walk_text(self.walk)]);
            fragments.extend(self.pack.texts(self.lane));
            fragments.push(self.storage_text());
            fragments.push(if self.counted {
                fragment!("count/on")
            } else {
                fragment!("count/off")
            });
        }
        if self.kernel != Kernel::Summary {
            fragments.extend([fragment!("group/workgroup"), self.norm.share()]);
        }
        let settles = [
            Kernel::Resident,
            Kernel::Streamed,
            Kernel::Decide,
            Kernel::Rescale,
            Kernel::AlongResident,
            Kernel::AlongRescale,
        ];
        if settles.contains(&self.kernel) {
            fragments.push(self.verdict.text());
        }
        if !matches!(self.kernel, Kernel::Partial | Kernel::AlongPartial) {
            fragments.extend(self.set.texts());
            fragments.extend(self.radius.texts(self.set));
        }
        fragments.extend(self.along());
        fragments.extend(self.touched());
        fragments.extend(self.search());
        fragments.extend(self.steps());
        fragments.extend(self.optimizer());
        fragments.extend(self.copy());
        if self.verdict == Verdict::Norm {
            fragments.push(fragment!("verdict/float"));
        }
        let mut source = self.constants();
        match self.kernel {
            Kernel::Resident => source.push_str(&registers::text(self)),
            Kernel::AlongResident => source.push_str(&registers::pairs(self.held)),
            _ => {}
        }
        for fragment in fragments {
            source.push('\n');
            source.push_str(fragment);
        }
        source
    }

    fn storage_text(&self) -> &'static str {
        match (self.in_halves(), self.storage) {
            _ if self.copy.is_some() => fragment!("storage/copied"),
            (false, Storage::ReadOnly) => fragment!("storage/read_only"),
            (false, Storage::InPlace) => fragment!("storage/in_place"),
            (false, Storage::Into) => fragment!("storage/into"),
            (false, Storage::IntoSameBuffer) => fragment!("storage/into_same_buffer"),
            (true, Storage::ReadOnly) => fragment!("storage/halves/read_only"),
            (true, Storage::InPlace) => fragment!("storage/halves/in_place"),
            (true, Storage::Into) => fragment!("storage/halves/into"),
            (true, Storage::IntoSameBuffer) => fragment!("storage/halves/into_same_buffer"),
        }
    }

    /// Which rows are slices.
    fn touched(&self) -> Vec<&'static str> {
        match self.rows {
            Rows::All if self.kernel == Kernel::Summary => vec![fragment!("rows/all")],
            Rows::All => vec![],
            Rows::Apart => vec![fragment!("rows/touched"), fragment!("rows/read")],
            Rows::SameBuffer => vec![fragment!("rows/touched"), fragment!("rows/shared")],
        }
    }

    /// Where the direction of slices is, and what becomes of elements along it.
    fn along(&self) -> Vec<&'static str> {
        if !self.kernel.touches_direction() {
            return vec![];
        }
        let step = match self.walk {
            Walk::Rows | Walk::Columns => fragment!("along/run"),
            Walk::Strided => fragment!("along/axes"),
        };
        let load = match (self.in_halves(), self.direction) {
            (false, Direction::None | Direction::Apart) => fragment!("along/apart"),
            (false, Direction::SameBuffer) => fragment!("along/same_buffer"),
            (true, Direction::None | Direction::Apart) => fragment!("along/halves/apart"),
            (true, Direction::SameBuffer) => fragment!("along/halves/same_buffer"),
        };
        let mut texts = vec![fragment!("along/place"), step, load];
        if self.kernel != Kernel::AlongPartial {
            texts.push(fragment!("along/displace"));
        }
        texts
    }

    /// Whether and where a slice seeks more than its norm.
    fn search(&self) -> Vec<&'static str> {
        match (self.set, self.kernel) {
            (SetKind::Shrink, Kernel::Resident) => vec![
                fragment!("search/registers"),
                fragment!("group/tally"),
                fragment!("group/any"),
            ],
            (SetKind::Shrink, Kernel::Rescale) => vec![fragment!("search/states")],
            (_, Kernel::ShrinkPartial) => {
                vec![fragment!("search/states"), fragment!("group/tally"), fragment!("group/any")]
            }
            (_, Kernel::ShrinkDecide) => vec![fragment!("group/tally"), fragment!("group/any")],
            (_, Kernel::Resident) => vec![fragment!("search/none")],
            (_, Kernel::Rescale) => vec![fragment!("search/known")],
            _ => vec![],
        }
    }

    /// How steps of a slice are summed, and rewritten.
    fn steps(&self) -> Vec<&'static str> {
        let (sum, rewrite) = (fragment!("steps/sum"), fragment!("steps/rewrite"));
        let odd = fragment!("steps/odd");
        let share = match self.walk {
            Walk::Columns => fragment!("steps/shared"),
            Walk::Rows | Walk::Strided => fragment!("steps/own"),
        };
        match self.kernel {
            Kernel::Resident => vec![odd],
            Kernel::Partial => vec![sum],
            Kernel::Rescale => vec![rewrite, odd, share],
            Kernel::Streamed => vec![sum, rewrite, odd, share],
            _ => vec![],
        }
    }

    fn constants(&self) -> String {
        format!(
            "const LANES = {}u;\nconst TILE = {}u;\nconst FAN = {}u;\nconst TILE_FASTEST = {};\n\
             const SECTOR_LANES = {}u;\n",
            self.lanes(),
            self.tile,
            self.fan,
            self.tile_fastest,
            self.sector_lanes()
        )
    }
}

impl Kernel {
    fn text(self) -> &'static str {
        match self {
            Kernel::Resident => fragment!("kernel/resident"),
            Kernel::Streamed => fragment!("kernel/streamed"),
            Kernel::Partial => fragment!("kernel/partial"),
            Kernel::Decide => fragment!("kernel/decide"),
            Kernel::Rescale => fragment!("kernel/rescale"),
            Kernel::Summary => fragment!("kernel/summary"),
            Kernel::ShrinkPartial => fragment!("kernel/shrink_partial"),
            Kernel::ShrinkDecide => fragment!("kernel/shrink_decide"),
            Kernel::AlongResident => fragment!("kernel/along_resident"),
            Kernel::AlongPartial => fragment!("kernel/along_partial"),
            Kernel::AlongRescale => fragment!("kernel/along_rescale"),
            Kernel::Claim => fragment!("kernel/claim"),
            Kernel::Release => fragment!("kernel/release"),
        }
    }
}

impl NormKind {
    pub(crate) fn texts(self) -> Vec<&'static str> {
        let (sum, power, binary) =
            (fragment!("norm/sum"), fragment!("norm/power"), fragment!("norm/binary"));
        let (key, bounds) = (fragment!("norm/key"), fragment!("norm/bounds"));
        match self {
            NormKind::L1 => vec![sum, power, binary, fragment!("norm/l1")],
            NormKind::L2 => vec![sum, power, binary, fragment!("norm/l2")],
            NormKind::Linf => vec![sum, power, binary, fragment!("norm/linf")],
            NormKind::Lp => vec![sum, power, fragment!("norm/lp")],
            NormKind::Outside => {
                vec![sum, power, binary, key, bounds, fragment!("norm/outside")]
            }
            NormKind::Signed => {
                vec![fragment!("norm/signed"), power, binary, key, fragment!("norm/l1")]
            }
            NormKind::Along => vec![fragment!("norm/along"), power],
        }
    }

    fn share(self) -> &'static str {
        match self {
            NormKind::Signed => fragment!("group/share_signed"),
            NormKind::Along => fragment!("group/share_along"),
            _ => fragment!("group/share"),
        }
    }
}

impl SetKind {
    pub(crate) fn texts(self) -> Vec<&'static str> {
        let (policy, basis) = (fragment!("set/policy"), fragment!("set/basis"));
        let (rim, plain) = (fragment!("set/rim"), fragment!("set/plain"));
        match self {
            SetKind::Ball => vec![policy, rim, fragment!("set/ball")],
            SetKind::Interval => vec![policy, rim, basis, fragment!("set/interval")],
            SetKind::Clamp => vec![policy, rim, plain, fragment!("set/clamp")],
            SetKind::Cube => vec![policy, rim, plain, fragment!("set/cube")],
            SetKind::Limits => vec![policy, rim, plain, fragment!("set/limits")],
            SetKind::Shrink => {
                vec![policy, rim, plain, basis, fragment!("set/shrink"), fragment!("set/newton")]
            }
            SetKind::Plane => vec![policy, rim, fragment!("set/plane")],
        }
    }
}

impl Radius {
    pub(crate) fn texts(self, set: SetKind) -> Vec<&'static str> {
        let (memory, upper) = match self {
            Radius::Uniform => return uniform_texts(set),
            Radius::Read => (fragment!("radius/read"), fragment!("radius/upper_read")),
            Radius::Shared => (fragment!("radius/shared"), fragment!("radius/upper_shared")),
        };
        let (tensor, rim) = (fragment!("radius/tensor"), fragment!("radius/tensor_rim"));
        let element = fragment!("radius/element");
        let mut texts = match set {
            SetKind::Limits => vec![fragment!("radius/limits"), element, upper],
            SetKind::Plane => vec![tensor, fragment!("radius/tensor_offset")],
            SetKind::Cube => vec![tensor, rim, element, fragment!("radius/tensor_bound")],
            SetKind::Interval | SetKind::Shrink => {
                vec![tensor, rim, fragment!("radius/tensor_lower")]
            }
            SetKind::Ball | SetKind::Clamp => vec![tensor, rim],
        };
        texts.extend([fragment!("radius/bits"), memory]);
        texts
    }
}

/// One radius for all.
fn uniform_texts(set: SetKind) -> Vec<&'static str> {
    let uniform = fragment!("radius/uniform");
    match set {
        SetKind::Plane => vec![fragment!("radius/uniform_offset")],
        SetKind::Cube => vec![uniform, fragment!("radius/uniform_bound")],
        SetKind::Interval | SetKind::Shrink => vec![uniform, fragment!("radius/uniform_lower")],
        SetKind::Ball | SetKind::Clamp | SetKind::Limits => vec![uniform],
    }
}

impl Lane {
    fn text(self) -> &'static str {
        match self {
            Lane::One => fragment!("lane/one"),
            Lane::FourInRow => fragment!("lane/four_in_row"),
            Lane::FourColumns => fragment!("lane/four_columns"),
        }
    }
}

impl Pack {
    pub(crate) fn texts(self, lane: Lane) -> Vec<&'static str> {
        let (halves, words) = (fragment!("pack/halves"), fragment!("pack/words"));
        let texts = match (self, lane) {
            (Pack::F32, _) => vec![fragment!("pack/f32")],
            (Pack::F16, Lane::One) => vec![fragment!("pack/f16"), halves],
            (Pack::F16, _) => vec![fragment!("pack/f16"), fragment!("pack/f16_words")],
            (Pack::Bf16, Lane::One) => vec![fragment!("pack/bf16"), halves],
            (Pack::Bf16, _) => vec![fragment!("pack/bf16"), words],
            (Pack::F64, _) => vec![fragment!("pack/f64")],
        };
        [&texts, self.narrow()].concat()
    }
}

impl Precision {
    pub(crate) fn texts(self) -> [&'static str; 2] {
        let bits = fragment!("number/bits");
        match self {
            Precision::Single => [fragment!("number/f32"), bits],
            Precision::Double => [fragment!("number/f64"), bits],
        }
    }

    pub(crate) fn powers(self) -> &'static str {
        match self {
            Precision::Single => fragment!("number/f32_powers"),
            Precision::Double => fragment!("number/f64_powers"),
        }
    }
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Verdict::None => fragment!("verdict/none"),
            Verdict::Store => fragment!("verdict/store"),
            Verdict::Norm => fragment!("verdict/norm"),
            Verdict::Begin => fragment!("verdict/begin"),
        }
    }
}

fn walk_text(walk: Walk) -> &'static str {
    match walk {
        Walk::Rows => fragment!("walk/rows"),
        Walk::Columns => fragment!("walk/columns"),
        Walk::Strided => fragment!("walk/strided"),
    }
}

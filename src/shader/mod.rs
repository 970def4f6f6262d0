//! Variant → WGSL text. A program is a block of generated constants, one file of each family and a
//! kernel; each family defines the same names and WGSL's module scope is free of order, so that
//! putting the texts together is the whole build.

mod all;
pub mod group;
pub mod params;
pub mod variant;

use crate::plan::geometry::Walk;
use variant::{Kernel, Lane, Storage, Variant, Verdict};

macro_rules! fragment {
    ($path:literal) => {
        include_str!(concat!("../../shaders/", $path, ".wgsl"))
    };
}

impl Variant {
    /// The program.
    pub fn source(&self) -> String {
        let mut fragments = vec![
            fragment!("params/slices"),
            self.lane.text(),
            fragment!("pack/f32"),
            fragment!("norm/sum"),
            fragment!("norm/l2"),
            self.kernel.text(),
        ];
        if self.kernel.touches_tensor() {
            fragments.extend([fragment!("walk/place"), walk_text(self.walk), self.storage.text()]);
            fragments.push(if self.counted {
                fragment!("count/on")
            } else {
                fragment!("count/off")
            });
        }
        if self.kernel != Kernel::Summary {
            fragments.push(fragment!("group/workgroup"));
        }
        if matches!(self.kernel, Kernel::Resident | Kernel::Decide | Kernel::Rescale) {
            fragments.push(self.verdict.text());
        }
        if self.kernel != Kernel::Partial {
            fragments.push(fragment!("norm/radial"));
        }
        if self.verdict == Verdict::Norm {
            fragments.push(fragment!("verdict/float"));
        }
        let mut source = self.constants();
        if self.kernel == Kernel::Resident {
            source.push_str(&registers(self.held));
        }
        for fragment in fragments {
            source.push('\n');
            source.push_str(fragment);
        }
        source
    }

    fn constants(&self) -> String {
        format!(
            "const LANES = {}u;\nconst TILE = {}u;\nconst FAN = {}u;\nconst TILE_FASTEST = {};\n",
            self.lanes(),
            self.tile,
            self.fan,
            self.tile_fastest
        )
    }
}

/// The loads that a resident lane holds, each in a register with a name: arrays that are indexed at
/// run time, or in loops that a driver does not unroll, would go to memory.
fn registers(held: u32) -> String {
    let each = |text: &dyn Fn(u32) -> String, between: &str| {
        (0..held).map(text).collect::<Vec<_>>().join(between)
    };
    let fields = each(&|i| format!("    r{i}: Bits,\n"), "");
    let loads = each(&|i| format!("load_step(here, position + {i}u * FAN)"), ", ");
    let largest = nested_max(held);
    let sum = pairwise(0, held, &|i| format!("term(held.r{i})"));
    let shifted = pairwise(0, held, &|i| format!("term(shifted(held.r{i}, shift))"));
    let stores = each(
        &|i| format!("    store_step(here, position + {i}u * FAN, project(held.r{i}, rule));\n"),
        "",
    );
    format!(
        "
struct Held {{
{fields}}}

fn hold(here: Place, position: u32) -> Held {{ return Held({loads}); }}
fn held_largest(held: Held) -> Bits {{ return {largest}; }}
fn held_sum(held: Held) -> Real {{ return {sum}; }}
fn held_sum_shifted(held: Held, shift: Integer) -> Real {{ return {shifted}; }}
fn release(here: Place, position: u32, held: Held, rule: Rule) {{
{stores}}}
"
    )
}

fn nested_max(held: u32) -> String {
    (1..held).fold("(held.r0 & Bits(MAGNITUDE))".to_string(), |text, i| {
        format!("max({text}, held.r{i} & Bits(MAGNITUDE))")
    })
}

/// A sum as a balanced tree, so that its longest chain is the logarithm of its length.
fn pairwise(first: u32, last: u32, term: &dyn Fn(u32) -> String) -> String {
    match last - first {
        1 => term(first),
        count => {
            let middle = first + count / 2;
            format!("({} + {})", pairwise(first, middle, term), pairwise(middle, last, term))
        }
    }
}

impl Kernel {
    fn text(self) -> &'static str {
        match self {
            Kernel::Resident => fragment!("kernel/resident"),
            Kernel::Partial => fragment!("kernel/partial"),
            Kernel::Decide => fragment!("kernel/decide"),
            Kernel::Rescale => fragment!("kernel/rescale"),
            Kernel::Summary => fragment!("kernel/summary"),
        }
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

impl Storage {
    fn text(self) -> &'static str {
        match self {
            Storage::ReadOnly => fragment!("storage/read_only"),
            Storage::InPlace => fragment!("storage/in_place"),
            Storage::Into => fragment!("storage/into"),
            Storage::IntoSameBuffer => fragment!("storage/into_same_buffer"),
        }
    }
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Verdict::None => fragment!("verdict/none"),
            Verdict::Store => fragment!("verdict/store"),
            Verdict::Norm => fragment!("verdict/norm"),
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

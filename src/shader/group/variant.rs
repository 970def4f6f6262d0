//! Which fragments make a program over chunks of many tensors.

use crate::dtype::Precision;
use crate::shader::variant::{Access, NormKind, Pack};

/// An entry point: one file of `shaders/kernel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum GroupKernel {
    Partial,
    Decide,
    Rescale,
    Clamp,
    Sum,
}

/// Where a norm comes from: one file of `shaders/given`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Given {
    Computed,
    Host,
    Device,
}

/// A program over chunks, and the key of its pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupVariant {
    /// The entry point.
    pub kernel: GroupKernel,
    /// Which norm; of no meaning to `Clamp`.
    pub norm: NormKind,
    /// How elements are stored; of no meaning to `Decide`.
    pub pack: Pack,
    /// What all that is under one norm is worked with in: f64 where any of it is.
    pub precision: Precision,
    /// Elements of a load: 4 in contiguous runs, else 1; always 1 in kernels of f64.
    pub width: u32,
    /// Whether loads of four reach words that others store to.
    pub shared: bool,
    /// Windows of memory that are bound; none to `Decide`.
    pub windows: u32,
    /// Whether weights decay.
    pub decays: bool,
    /// Where `Decide` has the norm from.
    pub given: Given,
    /// The size of the workgroup.
    pub lanes: u32,
    /// Whether loads and stores are counted, for tests.
    pub counted: bool,
}

/// What is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupSlot {
    /// The parameters of the dispatch.
    Params,
    /// The chunks of all tensors.
    Chunks,
    /// Partial sums.
    Partials,
    /// The accumulators of groups.
    Verdicts,
    /// Boxes of axes, of tensors that are not contiguous.
    Boxes,
    /// Which partial sums make up a norm.
    Segments,
    /// Counters of loads and stores.
    Counters,
    /// What the caller's kernels read.
    Results,
    /// A norm that is given on the device.
    Given,
    /// Memory of tensors.
    Window(u32),
}

impl GroupSlot {
    /// The number of the binding.
    pub fn binding(self) -> u32 {
        match self {
            GroupSlot::Params => 0,
            GroupSlot::Chunks => 1,
            GroupSlot::Partials => 2,
            GroupSlot::Verdicts => 3,
            GroupSlot::Boxes => 4,
            GroupSlot::Segments => 5,
            GroupSlot::Counters => 6,
            GroupSlot::Results => 7,
            GroupSlot::Given => 8,
            GroupSlot::Window(window) => FIRST_WINDOW + window,
        }
    }
}

/// The binding of the first window.
const FIRST_WINDOW: u32 = 9;

impl GroupKernel {
    /// Whether the kernel reads or writes tensors.
    pub fn touches_tensors(self) -> bool {
        self != GroupKernel::Decide
    }

    /// The name of the file and of the entry point.
    pub fn name(self) -> &'static str {
        match self {
            GroupKernel::Partial => "group_partial",
            GroupKernel::Decide => "group_decide",
            GroupKernel::Rescale => "group_rescale",
            GroupKernel::Clamp => "group_clamp",
            GroupKernel::Sum => "group_sum",
        }
    }
}

impl GroupVariant {
    /// Storage buffers that a dispatch binds beside windows, at most.
    pub const OTHER_BINDINGS: u32 = 3;

    /// Whether elements are stored one by one, as halves of words.
    pub fn in_halves(&self) -> bool {
        self.pack.bytes() < 4 && self.width == 1
    }

    /// What the program binds.
    pub fn bindings(&self) -> Vec<(GroupSlot, Access)> {
        let mut bindings = vec![(GroupSlot::Params, Access::Uniform)];
        let written = match self.kernel {
            GroupKernel::Partial => {
                bindings.push((GroupSlot::Partials, Access::ReadWrite));
                Access::Read
            }
            GroupKernel::Rescale | GroupKernel::Sum => {
                bindings.push((GroupSlot::Verdicts, Access::Read));
                Access::ReadWrite
            }
            GroupKernel::Clamp => Access::ReadWrite,
            GroupKernel::Decide => {
                bindings.push((GroupSlot::Verdicts, Access::ReadWrite));
                bindings.push((GroupSlot::Results, Access::ReadWrite));
                match self.given {
                    Given::Computed => bindings.extend([
                        (GroupSlot::Partials, Access::Read),
                        (GroupSlot::Segments, Access::Read),
                    ]),
                    Given::Host => {}
                    Given::Device => bindings.push((GroupSlot::Given, Access::Read)),
                }
                return bindings;
            }
        };
        bindings.push((GroupSlot::Chunks, Access::Read));
        if self.width == 1 {
            bindings.push((GroupSlot::Boxes, Access::Read));
        }
        if self.counted {
            bindings.push((GroupSlot::Counters, Access::ReadWrite));
        }
        bindings.extend((0..self.windows).map(|window| (GroupSlot::Window(window), written)));
        bindings
    }

    /// Every combination that a plan can ask for, in representative sizes.
    pub fn all() -> Vec<GroupVariant> {
        let mut all = Vec::new();
        for norm in [NormKind::L1, NormKind::L2, NormKind::Linf, NormKind::Lp] {
            for given in [Given::Computed, Given::Host, Given::Device] {
                for precision in [Precision::Single, Precision::Double] {
                    all.push(GroupVariant::decide(norm, given, precision, 256));
                }
            }
            for kernel in
                [GroupKernel::Partial, GroupKernel::Rescale, GroupKernel::Clamp, GroupKernel::Sum]
            {
                for (width, windows) in [(1, 1), (1, 3), (4, 1), (4, 4)] {
                    let decays = [(false, false), (true, false), (false, true)];
                    // A sum has weights of its own.
                    let possible =
                        |(decays, _): &(bool, bool)| !decays || kernel != GroupKernel::Sum;
                    for (decays, counted) in decays.into_iter().filter(possible) {
                        all.push(GroupVariant {
                            kernel,
                            norm,
                            pack: Pack::F32,
                            precision: Precision::Single,
                            width,
                            shared: false,
                            windows,
                            decays,
                            given: Given::Computed,
                            lanes: 256,
                            counted,
                        });
                    }
                }
            }
        }
        all.extend(Self::narrow());
        all.extend(Self::double());
        all
    }

    /// Those of 16 bits, by one norm.
    fn narrow() -> impl Iterator<Item = GroupVariant> {
        let kernels =
            [GroupKernel::Partial, GroupKernel::Rescale, GroupKernel::Clamp, GroupKernel::Sum];
        let forms = [(1, false), (4, false), (4, true)];
        let all = kernels.into_iter().flat_map(move |kernel| {
            forms.into_iter().map(move |(width, shared)| (kernel, width, shared))
        });
        // Nothing is shared where nothing is stored.
        let all = all.filter(|(kernel, _, shared)| !shared || *kernel != GroupKernel::Partial);
        all.flat_map(|(kernel, width, shared)| {
            [Pack::F16, Pack::Bf16].into_iter().flat_map(move |pack| {
                [(false, true), (true, false)].map(|(decays, counted)| GroupVariant {
                    kernel,
                    pack,
                    width,
                    shared,
                    windows: 3,
                    decays: decays && kernel != GroupKernel::Sum,
                    counted,
                    ..GroupVariant::decide(NormKind::L2, Given::Computed, Precision::Single, 256)
                })
            })
        })
    }

    /// Those of f64: of f64 by every norm, and of what may be with it in a group by one.
    fn double() -> impl Iterator<Item = GroupVariant> {
        let norms = [NormKind::L1, NormKind::L2, NormKind::Linf, NormKind::Lp];
        let double = norms.map(|norm| (norm, Pack::F64));
        let others = [Pack::F32, Pack::F16, Pack::Bf16].map(|pack| (NormKind::L2, pack));
        double.into_iter().chain(others).flat_map(|(norm, pack)| {
            let kernels =
                [GroupKernel::Partial, GroupKernel::Rescale, GroupKernel::Clamp, GroupKernel::Sum];
            kernels.into_iter().flat_map(move |kernel| {
                [(1, false, true), (3, true, false)].map(|(windows, decays, counted)| {
                    GroupVariant {
                        kernel,
                        pack,
                        windows,
                        decays: decays && kernel != GroupKernel::Sum,
                        counted,
                        ..GroupVariant::decide(norm, Given::Computed, Precision::Double, 256)
                    }
                })
            })
        })
    }

    /// The program that puts partial sums together.
    pub(crate) fn decide(norm: NormKind, given: Given, precision: Precision, lanes: u32) -> Self {
        GroupVariant {
            kernel: GroupKernel::Decide,
            norm,
            pack: Pack::alone(precision),
            precision,
            width: 1,
            shared: false,
            windows: 0,
            decays: false,
            given,
            lanes,
            counted: false,
        }
    }
}

//! Every program that a plan can ask for, in representative sizes: what tests validate, and what a
//! new fragment must be added to.

use crate::plan::geometry::Walk;
use crate::shader::variant::{
    Direction, Kernel, Lane, NormKind, Optimizer, Pack, Radius, Rows, SetKind, Storage, Variant,
    Verdict,
};

impl Variant {
    /// Every combination of fragments that a plan can ask for, in representative sizes.
    pub fn all() -> Vec<Variant> {
        let mut all = Vec::new();
        for (walk, lane) in [
            (Walk::Rows, Lane::One),
            (Walk::Rows, Lane::FourInRow),
            (Walk::Columns, Lane::One),
            (Walk::Columns, Lane::FourColumns),
            (Walk::Strided, Lane::One),
            (Walk::Strided, Lane::FourInRow),
        ] {
            for (tile, fan, tile_fastest) in
                [(1, 256, false), (256, 1, true), (32, 8, true), (32, 8, false)]
            {
                for counted in [false, true] {
                    let sized = Variant {
                        kernel: Kernel::Resident,
                        norm: NormKind::L2,
                        set: SetKind::Ball,
                        pack: Pack::F32,
                        lane,
                        walk,
                        storage: Storage::ReadOnly,
                        direction: Direction::None,
                        verdict: Verdict::None,
                        rows: Rows::All,
                        radius: Radius::Uniform,
                        optimizer: Optimizer::None,
                        copy: None,
                        tile,
                        fan,
                        held: 0,
                        tile_fastest,
                        counted,
                    };
                    for held in [1, 3, 8] {
                        all.extend(residents(Variant { held, ..sized }));
                    }
                    all.extend(two_passes(sized));
                    // What norm and set change does not depend on sizes: one of them is enough.
                    if (tile, fan, tile_fastest, counted) == (32, 8, true, false) {
                        for (norm, set) in KINDS {
                            let sized = Variant { norm, set, ..sized };
                            all.extend(residents(Variant { held: 3, ..sized }));
                            all.extend(two_passes(sized));
                        }
                        all.extend(with_radii(sized));
                    }
                    if tile != 256 {
                        all.extend(search(sized));
                    }
                    if (tile, fan, tile_fastest) == (32, 8, true) {
                        for pack in [Pack::F32, Pack::F16, Pack::Bf16] {
                            all.extend(along(Variant { pack, ..sized }));
                        }
                    }
                    if tile == 32 && walk != Walk::Columns {
                        all.extend(touched(sized));
                    }
                    // How elements are stored does not depend on sizes either.
                    if (tile, fan, tile_fastest) == (32, 8, true) {
                        all.extend(steps(sized));
                        all.extend(copied(sized));
                        for pack in [Pack::F16, Pack::Bf16] {
                            all.extend(steps(Variant { pack, ..sized }));
                            all.extend(narrow(Variant { pack, ..sized }));
                        }
                        if lane == Lane::One {
                            let sized = Variant { pack: Pack::F64, ..sized };
                            all.extend(double(sized).chain(along(sized)).chain(with_radii(sized)));
                            all.extend(steps(sized));
                        }
                    }
                }
            }
        }
        all
    }
}

/// The norms and sets that meet, but for the first of all.
const KINDS: [(NormKind, SetKind); 11] = [
    // Of limits, where nothing is decided yet.
    (NormKind::Signed, SetKind::Ball),
    (NormKind::L1, SetKind::Ball),
    (NormKind::Linf, SetKind::Ball),
    (NormKind::Lp, SetKind::Ball),
    (NormKind::L1, SetKind::Interval),
    (NormKind::L2, SetKind::Interval),
    (NormKind::Linf, SetKind::Interval),
    (NormKind::Lp, SetKind::Interval),
    (NormKind::Outside, SetKind::Clamp),
    (NormKind::Linf, SetKind::Cube),
    (NormKind::Signed, SetKind::Shrink),
];

/// The norms and sets whose radii may be in memory.
const WITH_RADII: [(NormKind, SetKind); 11] = [
    (NormKind::Signed, SetKind::Limits),
    (NormKind::Signed, SetKind::Shrink),
    (NormKind::Linf, SetKind::Cube),
    (NormKind::L1, SetKind::Ball),
    (NormKind::L2, SetKind::Ball),
    (NormKind::Linf, SetKind::Ball),
    (NormKind::Lp, SetKind::Ball),
    (NormKind::L1, SetKind::Interval),
    (NormKind::L2, SetKind::Interval),
    (NormKind::Linf, SetKind::Interval),
    (NormKind::Lp, SetKind::Interval),
];

/// Every kernel that asks for radii, in memory of their own and in that of a tensor.
fn with_radii(sized: Variant) -> impl Iterator<Item = Variant> {
    let kinds = WITH_RADII.into_iter().flat_map(move |(norm, set)| {
        let sized = Variant { norm, set, ..sized };
        residents(Variant { held: 3, ..sized }).chain(two_passes(sized))
    });
    let kinds = kinds.chain(search(sized)).chain(along(sized));
    let asking = kinds.filter(|v| v.kernel.asks_radii(v.verdict) && v.verdict != Verdict::Norm);
    asking.flat_map(|variant| {
        let shared = variant.kernel.touches_tensor().then_some(Radius::Shared);
        [Some(Radius::Read), shared]
            .into_iter()
            .flatten()
            .map(move |radius| Variant { radius, ..variant })
    })
}

/// Every kernel that touches a tensor, once with each norm and set.
fn narrow(sized: Variant) -> impl Iterator<Item = Variant> {
    let resident = Variant { held: 3, storage: Storage::InPlace, ..sized };
    let kinds = KINDS.map(|(norm, set)| Variant { norm, set, ..resident });
    let all = residents(Variant { held: 3, ..sized }).chain(two_passes(sized));
    let touching = all.chain(search(sized)).filter(|variant| variant.kernel.touches_tensor());
    touching.chain(kinds)
}

/// Every kernel of f64, once with each norm and set.
fn double(sized: Variant) -> impl Iterator<Item = Variant> {
    let of = move |(norm, set)| {
        let sized = Variant { norm, set, ..sized };
        residents(Variant { held: 3, ..sized }).chain(two_passes(sized))
    };
    KINDS.into_iter().chain([(NormKind::L2, SetKind::Ball)]).flat_map(of).chain(search(sized))
}

/// The dispatches of a search, and one that keeps it in registers.
fn search(sized: Variant) -> impl Iterator<Item = Variant> {
    let sized = Variant { norm: NormKind::Signed, set: SetKind::Shrink, ..sized };
    let partial = Variant { kernel: Kernel::ShrinkPartial, ..sized };
    let decide = Variant { kernel: Kernel::ShrinkDecide, counted: false, ..sized };
    let begin = Variant { kernel: Kernel::Decide, verdict: Verdict::Begin, ..decide };
    let resident = Variant { held: 8, storage: Storage::InPlace, ..sized };
    [partial, decide, begin, resident].into_iter()
}

/// The dispatches along a direction, which may be in the tensor's own buffer.
fn along(sized: Variant) -> impl Iterator<Item = Variant> {
    let sized = Variant {
        norm: NormKind::Along,
        set: SetKind::Plane,
        direction: Direction::Apart,
        ..sized
    };
    let shared = |variant| [variant, Variant { direction: Direction::SameBuffer, ..variant }];
    let resident = Variant { kernel: Kernel::AlongResident, held: 3, ..sized };
    let rescale = Variant { kernel: Kernel::AlongRescale, ..sized };
    let stores = [resident, rescale].into_iter().flat_map(|variant| {
        stored().map(move |(storage, verdict)| Variant { storage, verdict, ..variant })
    });
    let none = Variant { direction: Direction::None, pack: Pack::F32, counted: false, ..sized };
    let decide = Variant { kernel: Kernel::Decide, verdict: Verdict::Store, ..none };
    let summary = Variant { kernel: Kernel::Summary, ..none };
    let partial = Variant { kernel: Kernel::AlongPartial, ..sized };
    let larger = Variant { held: 8, storage: Storage::InPlace, ..resident };
    stores.flat_map(shared).chain([decide, summary, partial, larger])
}

/// The dispatches of rows that indices name, which may be in the table's own buffer.
fn touched(sized: Variant) -> impl Iterator<Item = Variant> {
    let owners = [Kernel::Claim, Kernel::Release].map(|kernel| Variant {
        kernel,
        lane: Lane::One,
        counted: false,
        ..sized
    });
    let resident = Variant { held: 3, storage: Storage::InPlace, ..sized };
    let packs = [Pack::F32, Pack::F16, Pack::Bf16].map(|pack| Variant { pack, ..resident });
    let kinds = KINDS.map(|(norm, set)| Variant { norm, set, ..resident });
    let two = two_passes(sized).filter(|variant| {
        variant.kernel.asks_rows()
            && matches!(variant.storage, Storage::ReadOnly | Storage::InPlace)
    });
    let all = packs.into_iter().chain(kinds).chain(two).flat_map(|variant| {
        let rows: &[Rows] = match variant.storage {
            Storage::InPlace => &[Rows::Apart, Rows::SameBuffer],
            _ => &[Rows::Apart],
        };
        rows.iter().map(move |&rows| Variant { rows, ..variant })
    });
    all.chain(owners)
}

/// The kernels that take a step of an optimizer before they project, with rules that are plain, that are
/// not always, and that are sought.
fn steps(sized: Variant) -> impl Iterator<Item = Variant> {
    let sized = Variant { storage: Storage::InPlace, ..sized };
    let shrink = Variant { norm: NormKind::Signed, set: SetKind::Shrink, ..sized };
    let residents = [
        sized,
        Variant { verdict: Verdict::Store, ..sized },
        Variant { set: SetKind::Interval, ..sized },
        Variant { norm: NormKind::Linf, set: SetKind::Cube, ..sized },
        shrink,
    ];
    let residents = residents.map(|variant| Variant { held: 3, ..variant });
    let partials = [sized, Variant { set: SetKind::Ball, ..shrink }]
        .map(|variant| Variant { kernel: Kernel::Partial, ..variant });
    let rescales = [sized, shrink].map(|variant| Variant {
        kernel: Kernel::Rescale,
        optimizer: Optimizer::Done,
        ..variant
    });
    let steps = residents.into_iter().chain(partials).flat_map(|variant| {
        [Optimizer::Sgd, Optimizer::Momentum, Optimizer::Adam]
            .map(|optimizer| Variant { optimizer, ..variant })
    });
    steps.chain(rescales)
}

/// Those of [`steps`] that write a copy of the weights along.
fn copied(sized: Variant) -> impl Iterator<Item = Variant> {
    let copies = [Pack::F16, Pack::Bf16].map(Some);
    steps(sized).flat_map(move |variant| copies.map(|copy| Variant { copy, ..variant }))
}

fn residents(sized: Variant) -> impl Iterator<Item = Variant> {
    // In place: the norms go to another part of the tensor's own buffer.
    let norms = [Storage::ReadOnly, Storage::InPlace].map(|storage| Variant {
        storage,
        verdict: Verdict::Norm,
        ..sized
    });
    stored().map(move |(storage, verdict)| Variant { storage, verdict, ..sized }).chain(norms)
}

/// The kernels that hold no slice.
fn two_passes(sized: Variant) -> impl Iterator<Item = Variant> {
    let small = Variant { counted: false, ..sized };
    let partial = Variant { kernel: Kernel::Partial, ..sized };
    let summary = Variant { kernel: Kernel::Summary, ..small };
    let decides = [Verdict::Store, Verdict::Norm].map(move |verdict| Variant {
        kernel: Kernel::Decide,
        verdict,
        ..small
    });
    let rescale = Variant { kernel: Kernel::Rescale, ..sized };
    let rescales = stored().map(move |(storage, verdict)| Variant { storage, verdict, ..rescale });
    let streamed = Variant { kernel: Kernel::Streamed, ..sized };
    // A search and what moves along a direction are not streamed.
    let streamed = residents(streamed).filter(|variant| variant.set != SetKind::Shrink);
    [partial, summary].into_iter().chain(decides).chain(rescales).chain(streamed)
}

/// The ways to store a projection, with and without a report.
fn stored() -> impl Iterator<Item = (Storage, Verdict)> {
    [Storage::InPlace, Storage::Into, Storage::IntoSameBuffer]
        .into_iter()
        .flat_map(|storage| [Verdict::None, Verdict::Store].map(|verdict| (storage, verdict)))
}

//! Every program that a plan can ask for, in representative sizes: what tests validate, and what a
//! new fragment must be added to.

use crate::plan::geometry::Walk;
use crate::shader::variant::{Kernel, Lane, Storage, Variant, Verdict};

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
        ] {
            for (tile, fan, tile_fastest) in
                [(1, 256, false), (256, 1, true), (32, 8, true), (32, 8, false)]
            {
                for counted in [false, true] {
                    let sized = Variant {
                        kernel: Kernel::Resident,
                        lane,
                        walk,
                        storage: Storage::ReadOnly,
                        verdict: Verdict::None,
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
                }
            }
        }
        all
    }
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
    [partial, summary].into_iter().chain(decides).chain(rescales)
}

/// The ways to store a projection, with and without a report.
fn stored() -> impl Iterator<Item = (Storage, Verdict)> {
    [Storage::InPlace, Storage::Into, Storage::IntoSameBuffer]
        .into_iter()
        .flat_map(|storage| [Verdict::None, Verdict::Store].map(|verdict| (storage, verdict)))
}

//! Which fragments a request needs.

use crate::norm::Norm;
use crate::plan::request::{Request, Task};
use crate::projection::{Formula, Set};
use crate::shader::variant::{NormKind, SetKind};

/// What slices are reduced to, and what is done to them. It does not depend on a radius, which may
/// change after a plan is made.
pub(in crate::plan) fn kinds(request: &Request) -> (NormKind, SetKind) {
    let projection = match request.task {
        Task::Norms { norm, .. } => return (norm.into(), SetKind::Ball),
        Task::Project(projection) => projection,
    };
    let always = projection.formula().unwrap_or(Formula::OWN).always;
    match projection.set() {
        Set::Bounds { .. } if request.limits.is_some() => (NormKind::Signed, SetKind::Limits),
        Set::Bounds { .. } => (NormKind::Outside, SetKind::Clamp),
        Set::Ball { norm: Norm::Linf, .. } => (NormKind::Linf, SetKind::Cube),
        Set::Ball { norm: Norm::L1, .. }
        | Set::Sphere { norm: Norm::L1, .. }
        | Set::Simplex { .. } => (NormKind::Signed, SetKind::Shrink),
        Set::UnitNorm { norm, .. } | Set::Sphere { norm, .. } => (norm.into(), SetKind::Interval),
        Set::WeightNorm { .. } | Set::MinMaxNorm { .. } => (NormKind::L2, SetKind::Interval),
        Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line => {
            (NormKind::Along, SetKind::Plane)
        }
        set if always => (set.norm().into(), SetKind::Interval),
        set => (set.norm().into(), SetKind::Ball),
    }
}

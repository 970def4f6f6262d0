//! What takes the place of vectors with NaN or infinity.

use crate::projection::OnNonFinite;

/// An element of a vector that holds a NaN (`any_nan`), or else an infinity.
pub(super) fn replaced(policy: OnNonFinite, any_nan: bool, x: f64) -> f64 {
    match policy {
        OnNonFinite::Leave => x,
        OnNonFinite::Zero => 0.0,
        OnNonFinite::Propagate if any_nan || !x.is_finite() => f64::NAN,
        OnNonFinite::Propagate => 0.0,
        OnNonFinite::Poison => f64::NAN,
    }
}

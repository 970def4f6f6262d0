//! How the edges are treated: rounding at the rim, slices of zeros, NaN and infinity.

/// How the result is rounded at the rim of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Rounding {
    /// What is projected lands at `c·(1 − κ)`: every slice ends inside, and projecting twice gives
    /// the same bits as once. `[3, 4]` with `c = 5` shrinks by about 1e-6.
    #[default]
    Feasible,
    /// What is projected lands at `c`, within rounding on either side; `[3, 4]` with `c = 5`
    /// stays. Neither feasible nor idempotent to the last bit.
    Nearest,
    /// As `Feasible`, and 16-bit elements are rounded toward zero, so that c itself bounds them where
    /// rounding to nearest would take them a little beyond. The same as `Feasible` for f32 and f64.
    TowardZero,
}

/// What becomes of a slice of zeros that is to have a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ZeroSlice {
    /// It stays zero, and a report counts it.
    #[default]
    Keep,
    /// Its first element, in row-major order of the reduced axes, becomes c.
    BasisVector,
}

/// What becomes of a slice, or of a group of tensors under one norm, that holds a NaN or an
/// infinity. It is decided on the device, by bit tests; a report always counts such slices and
/// names the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnNonFinite {
    /// Every bit is kept, NaN payloads included. For gradients this means that the step can be
    /// skipped: nothing was written and a flag on the device says so.
    #[default]
    Leave,
    /// All elements become zero.
    Zero,
    /// Where any is NaN all become NaN; infinities without a NaN become NaN and the others 0, as
    /// `∞/∞` and `x/∞` are.
    Propagate,
    /// All elements become NaN, as in `tf.clip_by_global_norm`.
    Poison,
}

impl OnNonFinite {
    /// Every policy, for those who enumerate.
    pub const ALL: [OnNonFinite; 4] =
        [OnNonFinite::Leave, OnNonFinite::Zero, OnNonFinite::Propagate, OnNonFinite::Poison];
}

impl std::fmt::Display for OnNonFinite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            OnNonFinite::Leave => "leave",
            OnNonFinite::Zero => "zero",
            OnNonFinite::Propagate => "propagate",
            OnNonFinite::Poison => "poison",
        })
    }
}

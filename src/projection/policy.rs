//! What becomes of slices and groups that hold NaN or infinity.

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

//! The factor of a slice, in the precision that its range asks for.

/// The smallest factor that f32 carries with all its bits to spare.
const COMFORTABLE: f64 = 1.0 / (1u128 << 100) as f64;

/// Whether a factor keeps its precision as f32. Zero does: it makes zeros that keep their signs.
#[inline(always)]
pub(super) fn fits_f32(factor: f64) -> bool {
    (factor == 0.0) | (factor >= COMFORTABLE)
}

/// What the elements of a slice are multiplied by, or a mark that they keep their bits.
pub(super) trait Factor: Copy + Send + Sync {
    /// The mark of a slice that keeps its bits.
    const KEEP: Self;
    fn keeps(self) -> bool;
    /// The product, for a slice that is not kept.
    fn times(self, x: f32) -> f32;

    /// A kept element is selected, never multiplied by 1: that would quiet a NaN.
    #[inline(always)]
    fn scaled(self, x: f32) -> f32 {
        if self.keeps() { x } else { self.times(x) }
    }
}

impl Factor for f32 {
    const KEEP: f32 = -1.0;

    #[inline(always)]
    fn keeps(self) -> bool {
        self < 0.0
    }

    #[inline(always)]
    fn times(self, x: f32) -> f32 {
        x * self
    }
}

/// For factors below f32's normal range: `[1e20, 1]` scaled to norm 1 needs 1e-20, and 1e38 scaled
/// to 1e-38 needs 1e-76. The product is rounded once.
impl Factor for f64 {
    const KEEP: f64 = -1.0;

    #[inline(always)]
    fn keeps(self) -> bool {
        self < 0.0
    }

    #[inline(always)]
    fn times(self, x: f32) -> f32 {
        (f64::from(x) * self) as f32
    }
}

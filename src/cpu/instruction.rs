//! Runs of f16 by the instructions of the processor. The registers that the kernels are compiled for come
//! with them, but [`pulp`] does not ask for them.

use half::f16;

/// Widens a run, and says whether there is an instruction for it. Signalling NaN become quiet.
#[cfg(target_arch = "x86_64")]
pub(super) fn widen(run: &[f16], reals: &mut [f32]) -> bool {
    use fearless_simd::Simd;
    use half::slice::HalfFloatSliceExt;
    let Some(avx2) = x86::avx2() else { return false };
    avx2.vectorize(
        #[inline(always)]
        || run.convert_to_f32_slice(reals),
    );
    true
}

/// Rounds a run to nearest even, as [`widen`].
#[cfg(target_arch = "x86_64")]
pub(super) fn round(reals: &[f32], run: &mut [f16]) -> bool {
    use fearless_simd::Simd;
    use half::slice::HalfFloatSliceExt;
    let Some(avx2) = x86::avx2() else { return false };
    avx2.vectorize(
        #[inline(always)]
        || run.convert_from_f32_slice(reals),
    );
    true
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::sync::LazyLock;

    use fearless_simd::{Level, x86::Avx2};

    /// What the processor has; to ask takes longer than a run.
    static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

    pub fn avx2() -> Option<Avx2> {
        LEVEL.as_avx2()
    }
}

/// There is none that is known of.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn widen(_: &[f16], _: &mut [f32]) -> bool {
    false
}

/// As [`widen`].
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn round(_: &[f32], _: &mut [f16]) -> bool {
    false
}

//! Runs of f16 by the instructions of the processor. What the kernels are compiled for comes with them,
//! but [`pulp`] does not ask for them.

pub(super) use detected::{round, widen};

#[cfg(target_arch = "x86_64")]
mod detected {
    use std::arch::x86_64::{_MM_FROUND_TO_NEAREST_INT, _mm256_cvtph_ps, _mm256_cvtps_ph};
    use std::sync::LazyLock;

    use bytemuck::cast;
    use fearless_simd::{Level, kernel};
    use half::f16;

    use crate::cpu::number::Number;

    /// What the processor has: to ask takes longer than a run.
    static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

    kernel!(
        fn widen_by(avx2: Avx2, run: &[f16], reals: &mut [f32]) {
            let _ = avx2;
            let (reals, last) = reals.as_chunks_mut::<8>();
            let (run, tail) = run.as_chunks::<8>();
            for (reals, &x) in reals.iter_mut().zip(run) {
                *reals = cast(_mm256_cvtph_ps(cast(x)));
            }
            last.iter_mut().zip(tail).for_each(|(real, x)| *real = x.real());
        }
    );

    kernel!(
        fn round_by(avx2: Avx2, reals: &[f32], run: &mut [f16]) {
            let _ = avx2;
            let (reals, tail) = reals.as_chunks::<8>();
            let (run, last) = run.as_chunks_mut::<8>();
            for (y, &real) in run.iter_mut().zip(reals) {
                *y = cast(_mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(cast(real)));
            }
            last.iter_mut().zip(tail).for_each(|(y, &real)| *y = f16::nearest(real));
        }
    );

    /// Widens a run, and says whether there is an instruction for it. Signalling NaN become quiet.
    pub fn widen(run: &[f16], reals: &mut [f32]) -> bool {
        let Some(avx2) = LEVEL.as_avx2() else { return false };
        widen_by(avx2, run, reals);
        true
    }

    /// Rounds a run to nearest even, as [`widen`].
    pub fn round(reals: &[f32], run: &mut [f16]) -> bool {
        let Some(avx2) = LEVEL.as_avx2() else { return false };
        round_by(avx2, reals, run);
        true
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod detected {
    use half::f16;

    /// There is none that is known of.
    pub fn widen(_: &[f16], _: &mut [f32]) -> bool {
        false
    }

    /// As [`widen`].
    pub fn round(_: &[f32], _: &mut [f16]) -> bool {
        false
    }
}

//! The instructions that loops are compiled for.
//!
//! Each hot loop is a safe loop inside [`dispatch`], which compiles it once for AVX2 with FMA and F16C and
//! once for the baseline. Levels between the two would double the code for machines that are long gone.

use half::{bf16, f16};

/// A set of instructions.
pub(super) trait Simd: Copy {
    /// Whether it has `a · b + c`, rounded once: elsewhere that would call a library function for each element.
    const FUSES: bool;

    /// Exactly. Signalling NaN may become quiet.
    fn widened(self, x: [f16; LANES]) -> [f32; LANES];

    /// Rounded to nearest even.
    fn halves(self, x: [f32; LANES]) -> [f16; LANES];

    /// As [`Simd::halves`], and NaN whose lower 16 bits are zeros stays, as arithmetic with bf16 makes it; of another
    /// the sign and zero may be left. To ask for it would take a fifth of the time.
    fn brains(self, x: [f32; LANES]) -> [bf16; LANES];

    /// Exactly: those at even and those at odd places, which lie in the upper halves of words as they are needed.
    fn widened_pairs(self, x: [bf16; PAIRS]) -> [[f32; LANES]; 2];

    /// What [`Simd::widened_pairs`] took apart, each as by [`Simd::brains`]: a third fewer instructions.
    fn brain_pairs(self, x: [[f32; LANES]; 2]) -> [bf16; PAIRS];

    /// Sums in f64, and one number more in each. Of a loop over lanes the compiler may make one over pairs of them.
    fn add_wide(self, sums: [f64; LANES], x: [f32; LANES]) -> [f64; LANES];

    /// A bit for each lane in which a number of any register is at most the other one.
    fn at_most(self, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32;

    /// As [`Simd::at_most`].
    fn at_most_wide(self, x: [[f64; WIDE]; 4], y: [[f64; WIDE]; 4]) -> u32;

    /// What is above zero, and zero instead of all else: of choices between them the compiler may make branches.
    fn above(self, x: [[f32; LANES]; 2]) -> [[f32; LANES]; 2];

    /// As [`Simd::above`].
    fn above_wide(self, x: [[f64; WIDE]; 4]) -> [[f64; WIDE]; 4];
}

/// Elements that are converted at once.
pub(super) const LANES: usize = 8;
/// Numbers of f64 in a register.
pub(super) const WIDE: usize = 4;
/// Elements of 16 bits in as many words.
pub(super) const PAIRS: usize = 2 * LANES;

/// What is compiled for each set of instructions.
pub(super) trait WithSimd {
    type Output;

    fn with_simd<S: Simd>(self, simd: S) -> Self::Output;
}

/// What every machine has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Baseline;

impl Simd for Baseline {
    const FUSES: bool = cfg!(target_arch = "aarch64");

    #[inline(always)]
    fn widened(self, x: [f16; LANES]) -> [f32; LANES] {
        x.map(super::number::Number::real)
    }

    #[inline(always)]
    fn halves(self, x: [f32; LANES]) -> [f16; LANES] {
        x.map(super::number::Number::nearest)
    }

    #[inline(always)]
    fn brains(self, x: [f32; LANES]) -> [bf16; LANES] {
        x.map(super::number::Number::nearest)
    }

    #[inline(always)]
    fn widened_pairs(self, x: [bf16; PAIRS]) -> [[f32; LANES]; 2] {
        let mut pairs = [[0.0; LANES]; 2];
        for (i, x) in x.into_iter().enumerate() {
            pairs[i % 2][i / 2] = super::number::Number::real(x);
        }
        pairs
    }

    #[inline(always)]
    fn brain_pairs(self, x: [[f32; LANES]; 2]) -> [bf16; PAIRS] {
        let mut all = [bf16::ZERO; PAIRS];
        for (i, y) in all.iter_mut().enumerate() {
            *y = super::number::Number::nearest(x[i % 2][i / 2]);
        }
        all
    }

    #[inline(always)]
    fn add_wide(self, mut sums: [f64; LANES], x: [f32; LANES]) -> [f64; LANES] {
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum += f64::from(x);
        }
        sums
    }

    #[inline(always)]
    fn at_most(self, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32 {
        any_at_most(x, y)
    }

    #[inline(always)]
    fn at_most_wide(self, x: [[f64; WIDE]; 4], y: [[f64; WIDE]; 4]) -> u32 {
        any_at_most(x, y)
    }

    #[inline(always)]
    fn above(self, x: [[f32; LANES]; 2]) -> [[f32; LANES]; 2] {
        x.map(|x| x.map(|x| if x > 0.0 { x } else { 0.0 }))
    }

    #[inline(always)]
    fn above_wide(self, x: [[f64; WIDE]; 4]) -> [[f64; WIDE]; 4] {
        x.map(|x| x.map(|x| if x > 0.0 { x } else { 0.0 }))
    }
}

/// As [`Simd::at_most`].
#[inline(always)]
fn any_at_most<R: PartialOrd, const N: usize, const M: usize>(
    x: [[R; N]; M],
    y: [[R; N]; M],
) -> u32 {
    let mut bits = 0;
    for (x, y) in x.iter().zip(&y) {
        for (i, (x, y)) in x.iter().zip(y).enumerate() {
            bits |= u32::from(x <= y) << i;
        }
    }
    bits
}

pub(super) use detected::dispatch;

#[cfg(target_arch = "x86_64")]
mod detected {
    use std::arch::x86_64::*;
    use std::sync::LazyLock;

    use bytemuck::cast;
    use fearless_simd::{Avx2, Level, Simd as _, kernel};
    use half::{bf16, f16};

    use super::{Baseline, LANES, PAIRS, Simd, WIDE, WithSimd};

    /// The upper half of a word.
    const UPPER: i32 = !0xffff;

    /// What the processor has: to ask takes longer than a run.
    static LEVEL: LazyLock<Option<Avx2>> = LazyLock::new(|| Level::new().as_avx2());

    /// Does something by the best instructions that the machine has.
    #[inline(always)]
    pub fn dispatch<O: WithSimd>(op: O) -> O::Output {
        match *LEVEL {
            Some(avx2) => avx2.vectorize(
                #[inline(always)]
                || op.with_simd(avx2),
            ),
            None => op.with_simd(Baseline),
        }
    }

    kernel!(
        #[inline(always)]
        fn widened(avx2: Avx2, x: [f16; LANES]) -> [f32; LANES] {
            let _ = avx2;
            cast(_mm256_cvtph_ps(cast(x)))
        }
    );

    kernel!(
        #[inline(always)]
        fn halves(avx2: Avx2, x: [f32; LANES]) -> [f16; LANES] {
            let _ = avx2;
            cast(_mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(cast(x)))
        }
    );

    // Of the loop over lanes the compiler makes one over single elements, at a third of the speed.
    kernel!(
        #[inline(always)]
        fn brains(avx2: Avx2, x: [f32; LANES]) -> [bf16; LANES] {
            let _ = avx2;
            let bits = cast(x);
            let upper = _mm256_srli_epi32::<16>(bits);
            let odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
            let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
            let all = _mm256_srli_epi32::<16>(_mm256_add_epi32(bits, half));
            let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(all, all));
            cast(_mm256_castsi256_si128(packed))
        }
    );

    kernel!(
        #[inline(always)]
        fn widened_pairs(avx2: Avx2, x: [bf16; PAIRS]) -> [[f32; LANES]; 2] {
            let _ = avx2;
            let (bits, upper) = (cast(x), _mm256_set1_epi32(UPPER));
            [cast(_mm256_slli_epi32::<16>(bits)), cast(_mm256_and_si256(bits, upper))]
        }
    );

    kernel!(
        #[inline(always)]
        fn brain_pairs(avx2: Avx2, x: [[f32; LANES]; 2]) -> [bf16; PAIRS] {
            let _ = avx2;
            let [even, odd]: [__m256i; 2] = cast(x);
            let (one, half) = (_mm256_set1_epi32(1), _mm256_set1_epi32(0x7fff));
            let ties = _mm256_and_si256(_mm256_srli_epi32::<16>(even), one);
            let even = _mm256_add_epi32(_mm256_add_epi32(even, half), ties);
            let ties = _mm256_and_si256(_mm256_srli_epi32::<16>(odd), one);
            let odd = _mm256_add_epi32(_mm256_add_epi32(odd, half), ties);
            cast(_mm256_blend_epi16::<0b1010_1010>(_mm256_srli_epi32::<16>(even), odd))
        }
    );

    kernel!(
        #[inline(always)]
        fn add_wide(avx2: Avx2, sums: [f64; LANES], x: [f32; LANES]) -> [f64; LANES] {
            let _ = avx2;
            let [lower, upper]: [__m256d; 2] = cast(sums);
            let x: __m256 = cast(x);
            let lower = _mm256_add_pd(lower, _mm256_cvtps_pd(_mm256_castps256_ps128(x)));
            let upper = _mm256_add_pd(upper, _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(x)));
            cast([lower, upper])
        }
    );

    kernel!(
        #[inline(always)]
        fn at_most(avx2: Avx2, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32 {
            let _ = avx2;
            let ([a, b], [c, d]): ([__m256; 2], [__m256; 2]) = (cast(x), cast(y));
            let (left, right) =
                (_mm256_cmp_ps::<_CMP_LE_OQ>(a, c), _mm256_cmp_ps::<_CMP_LE_OQ>(b, d));
            _mm256_movemask_ps(_mm256_or_ps(left, right)).cast_unsigned()
        }
    );

    kernel!(
        #[inline(always)]
        fn at_most_wide(avx2: Avx2, x: [[f64; WIDE]; 4], y: [[f64; WIDE]; 4]) -> u32 {
            let _ = avx2;
            let (x, y): ([__m256d; 4], [__m256d; 4]) = (cast(x), cast(y));
            let left = _mm256_or_pd(
                _mm256_cmp_pd::<_CMP_LE_OQ>(x[0], y[0]),
                _mm256_cmp_pd::<_CMP_LE_OQ>(x[1], y[1]),
            );
            let right = _mm256_or_pd(
                _mm256_cmp_pd::<_CMP_LE_OQ>(x[2], y[2]),
                _mm256_cmp_pd::<_CMP_LE_OQ>(x[3], y[3]),
            );
            _mm256_movemask_pd(_mm256_or_pd(left, right)).cast_unsigned()
        }
    );

    // Of NaN an instruction for the larger number gives the other one.
    kernel!(
        #[inline(always)]
        fn above(avx2: Avx2, x: [[f32; LANES]; 2]) -> [[f32; LANES]; 2] {
            let _ = avx2;
            let [a, b]: [__m256; 2] = cast(x);
            let zero = _mm256_setzero_ps();
            cast([_mm256_max_ps(a, zero), _mm256_max_ps(b, zero)])
        }
    );

    kernel!(
        #[inline(always)]
        fn above_wide(avx2: Avx2, x: [[f64; WIDE]; 4]) -> [[f64; WIDE]; 4] {
            let _ = avx2;
            let [a, b, c, d]: [__m256d; 4] = cast(x);
            let zero = _mm256_setzero_pd();
            let (a, b) = (_mm256_max_pd(a, zero), _mm256_max_pd(b, zero));
            cast([a, b, _mm256_max_pd(c, zero), _mm256_max_pd(d, zero)])
        }
    );

    impl Simd for Avx2 {
        const FUSES: bool = true;

        #[inline(always)]
        fn widened(self, x: [f16; LANES]) -> [f32; LANES] {
            widened(self, x)
        }

        #[inline(always)]
        fn halves(self, x: [f32; LANES]) -> [f16; LANES] {
            halves(self, x)
        }

        #[inline(always)]
        fn brains(self, x: [f32; LANES]) -> [bf16; LANES] {
            brains(self, x)
        }

        #[inline(always)]
        fn widened_pairs(self, x: [bf16; PAIRS]) -> [[f32; LANES]; 2] {
            widened_pairs(self, x)
        }

        #[inline(always)]
        fn brain_pairs(self, x: [[f32; LANES]; 2]) -> [bf16; PAIRS] {
            brain_pairs(self, x)
        }

        #[inline(always)]
        fn add_wide(self, sums: [f64; LANES], x: [f32; LANES]) -> [f64; LANES] {
            add_wide(self, sums, x)
        }

        #[inline(always)]
        fn at_most(self, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32 {
            at_most(self, x, y)
        }

        #[inline(always)]
        fn at_most_wide(self, x: [[f64; WIDE]; 4], y: [[f64; WIDE]; 4]) -> u32 {
            at_most_wide(self, x, y)
        }

        #[inline(always)]
        fn above(self, x: [[f32; LANES]; 2]) -> [[f32; LANES]; 2] {
            above(self, x)
        }

        #[inline(always)]
        fn above_wide(self, x: [[f64; WIDE]; 4]) -> [[f64; WIDE]; 4] {
            above_wide(self, x)
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod detected {
    use super::{Baseline, WithSimd};

    /// There is none but the baseline, which holds NEON where that exists.
    #[inline(always)]
    pub fn dispatch<O: WithSimd>(op: O) -> O::Output {
        op.with_simd(Baseline)
    }
}

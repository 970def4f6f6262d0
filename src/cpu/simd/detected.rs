//! Instructions that are found at run time: AVX2 with FMA and F16C.

use std::arch::x86_64::*;
use std::sync::LazyLock;

use bytemuck::cast;
use fearless_simd::{Avx2, Level, Simd as _, kernel};
use half::{bf16, f16};

use super::{Baseline, LANES, PAIRS, Simd, WIDE, WithSimd};
use crate::cpu::outcome::KEPT;

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
    fn widened_brains(avx2: Avx2, x: [bf16; LANES]) -> [f32; LANES] {
        let _ = avx2;
        cast(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(cast(x))))
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
    fn add_across(avx2: Avx2, sums: [[f64; WIDE]; WIDE]) -> [f64; WIDE] {
        let _ = avx2;
        let [a, b, c, d]: [__m256d; WIDE] = cast(sums);
        let pairs = |x, y| {
            let (lower, upper) =
                (_mm256_permute2f128_pd::<0x20>(x, y), _mm256_permute2f128_pd::<0x31>(x, y));
            _mm256_add_pd(lower, upper)
        };
        cast(_mm256_hadd_pd(pairs(a, c), pairs(b, d)))
    }
);

kernel!(
    #[inline(always)]
    fn outside(avx2: Avx2, x: [f64; WIDE], low: f64, high: f64) -> u32 {
        let _ = avx2;
        let x = cast(x);
        let under = _mm256_cmp_pd::<_CMP_LT_OQ>(x, _mm256_set1_pd(low));
        let over = _mm256_cmp_pd::<_CMP_GT_OQ>(x, _mm256_set1_pd(high));
        _mm256_movemask_pd(_mm256_or_pd(under, over)).cast_unsigned()
    }
);

kernel!(
    #[inline(always)]
    fn roots(avx2: Avx2, x: [f64; WIDE]) -> [f64; WIDE] {
        let _ = avx2;
        cast(_mm256_sqrt_pd(cast(x)))
    }
);

kernel!(
    #[inline(always)]
    fn factors(
        avx2: Avx2,
        compared: [f64; WIDE],
        threshold: f64,
        target: f64,
        norms: [f64; WIDE],
    ) -> [f64; WIDE] {
        let _ = avx2;
        let (norms, least) = (cast(norms), _mm256_setzero_pd());
        let over = _mm256_cmp_pd::<_CMP_GT_OQ>(cast(compared), _mm256_set1_pd(threshold));
        let above = _mm256_cmp_pd::<_CMP_GT_OQ>(norms, least);
        let finite = _mm256_cmp_pd::<_CMP_LT_OQ>(norms, _mm256_set1_pd(f64::INFINITY));
        let moves = _mm256_and_pd(over, _mm256_and_pd(above, finite));
        let quotients = _mm256_div_pd(_mm256_set1_pd(target), norms);
        cast(_mm256_blendv_pd(_mm256_set1_pd(KEPT), quotients, moves))
    }
);

kernel!(
    #[inline(always)]
    fn at_most(avx2: Avx2, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32 {
        let _ = avx2;
        let ([a, b], [c, d]): ([__m256; 2], [__m256; 2]) = (cast(x), cast(y));
        let (left, right) = (_mm256_cmp_ps::<_CMP_LE_OQ>(a, c), _mm256_cmp_ps::<_CMP_LE_OQ>(b, d));
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
    fn add_above(
        avx2: Avx2,
        sums: [[f32; PAIRS]; 2],
        over: [f32; PAIRS],
        least: f32,
    ) -> [[f32; PAIRS]; 2] {
        let _ = avx2;
        let [mut totals, mut counts]: [[__m256; 2]; 2] = cast(sums);
        let over: [__m256; 2] = cast(over);
        let (zero, least) = (_mm256_setzero_ps(), cast(_mm256_set1_ps(least)));
        for i in 0..2 {
            let above = _mm256_max_ps(over[i], zero);
            totals[i] = _mm256_add_ps(totals[i], above);
            counts[i] = _mm256_add_ps(counts[i], cast(_mm256_min_epi32(cast(above), least)));
        }
        cast([totals, counts])
    }
);

kernel!(
    #[inline(always)]
    fn add_above_wide(
        avx2: Avx2,
        sums: [[f64; PAIRS]; 2],
        over: [f64; PAIRS],
        least: f64,
    ) -> [[f64; PAIRS]; 2] {
        let _ = avx2;
        let [mut totals, mut counts]: [[__m256d; 4]; 2] = cast(sums);
        let over: [__m256d; 4] = cast(over);
        let (zero, least) = (_mm256_setzero_pd(), _mm256_set1_pd(least));
        for i in 0..4 {
            let above = _mm256_max_pd(over[i], zero);
            totals[i] = _mm256_add_pd(totals[i], above);
            let is_less = _mm256_cmpgt_epi64(cast(least), cast(above));
            counts[i] = _mm256_add_pd(counts[i], _mm256_blendv_pd(least, above, cast(is_less)));
        }
        cast([totals, counts])
    }
);

impl Simd for Avx2 {
    const FUSES: bool = true;

    #[inline(always)]
    fn widened(self, x: [f16; LANES]) -> [f32; LANES] {
        widened(self, x)
    }

    #[inline(always)]
    fn widened_brains(self, x: [bf16; LANES]) -> [f32; LANES] {
        widened_brains(self, x)
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
    fn add_across(self, sums: [[f64; WIDE]; WIDE]) -> [f64; WIDE] {
        add_across(self, sums)
    }

    #[inline(always)]
    fn outside(self, x: [f64; WIDE], low: f64, high: f64) -> u32 {
        outside(self, x, low, high)
    }

    #[inline(always)]
    fn roots(self, x: [f64; WIDE]) -> [f64; WIDE] {
        roots(self, x)
    }

    #[inline(always)]
    fn factors(
        self,
        compared: [f64; WIDE],
        threshold: f64,
        target: f64,
        norms: [f64; WIDE],
    ) -> [f64; WIDE] {
        factors(self, compared, threshold, target, norms)
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
    fn add_above(
        self,
        sums: [[f32; PAIRS]; 2],
        over: [f32; PAIRS],
        least: f32,
    ) -> [[f32; PAIRS]; 2] {
        add_above(self, sums, over, least)
    }

    #[inline(always)]
    fn add_above_wide(
        self,
        sums: [[f64; PAIRS]; 2],
        over: [f64; PAIRS],
        least: f64,
    ) -> [[f64; PAIRS]; 2] {
        add_above_wide(self, sums, over, least)
    }
}

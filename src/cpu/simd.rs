//! The instructions that loops are compiled for.
//!
//! Each hot loop is a safe loop inside [`dispatch`], which compiles it once for AVX2 with FMA and F16C and
//! once for the baseline. Levels between the two would double the code for machines that are long gone.

use half::{bf16, f16};

use super::number::Real;
use super::outcome::KEPT;

/// A set of instructions.
pub(super) trait Simd: Copy {
    /// Whether it has `a · b + c`, rounded once: elsewhere that would call a library function for each element.
    const FUSES: bool;

    /// Exactly. Signalling NaN may become quiet.
    fn widened(self, x: [f16; LANES]) -> [f32; LANES];

    /// Exactly.
    fn widened_brains(self, x: [bf16; LANES]) -> [f32; LANES];

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

    /// The sum of each register: of lanes two apart, and of both such sums. Of a loop over lanes the compiler
    /// may make one over columns of four registers, and of all before it, too.
    fn add_across(self, sums: [[f64; WIDE]; WIDE]) -> [f64; WIDE];

    /// A bit for each number that is under `low` or over `high`; NaN is neither.
    fn outside(self, x: [f64; WIDE], low: f64, high: f64) -> u32;

    /// The square roots.
    fn roots(self, x: [f64; WIDE]) -> [f64; WIDE];

    /// `target` divided by each norm where `compared` is over `threshold`; [`KEPT`] where it is not, or the norm is zero, infinite
    /// or NaN. Of a loop the compiler may make one over single numbers.
    fn factors(
        self,
        compared: [f64; WIDE],
        threshold: f64,
        target: f64,
        norms: [f64; WIDE],
    ) -> [f64; WIDE];

    /// A bit for each lane in which a number of any register is at most the other one.
    fn at_most(self, x: [[f32; LANES]; 2], y: [[f32; LANES]; 2]) -> u32;

    /// As [`Simd::at_most`].
    fn at_most_wide(self, x: [[f64; WIDE]; 4], y: [[f64; WIDE]; 4]) -> u32;

    /// Adds what is above zero, and the smaller of that and `least`, to two sums of each lane. Of loops over lanes the
    /// compiler may make some with branches, or over pairs.
    fn add_above(
        self,
        sums: [[f32; PAIRS]; 2],
        over: [f32; PAIRS],
        least: f32,
    ) -> [[f32; PAIRS]; 2];

    /// As [`Simd::add_above`].
    fn add_above_wide(
        self,
        sums: [[f64; PAIRS]; 2],
        over: [f64; PAIRS],
        least: f64,
    ) -> [[f64; PAIRS]; 2];
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
    fn widened_brains(self, x: [bf16; LANES]) -> [f32; LANES] {
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
    fn add_across(self, sums: [[f64; WIDE]; WIDE]) -> [f64; WIDE] {
        sums.map(|[a, b, c, d]| (a + c) + (b + d))
    }

    #[inline(always)]
    fn outside(self, x: [f64; WIDE], low: f64, high: f64) -> u32 {
        let mut bits = 0;
        for (i, x) in x.into_iter().enumerate() {
            bits |= u32::from((x < low) | (x > high)) << i;
        }
        bits
    }

    #[inline(always)]
    fn roots(self, x: [f64; WIDE]) -> [f64; WIDE] {
        x.map(f64::sqrt)
    }

    #[inline(always)]
    fn factors(
        self,
        compared: [f64; WIDE],
        threshold: f64,
        target: f64,
        mut norms: [f64; WIDE],
    ) -> [f64; WIDE] {
        for (norm, compared) in norms.iter_mut().zip(compared) {
            let moves = (compared > threshold) & (*norm > 0.0) & (*norm < f64::INFINITY);
            *norm = if moves { target / *norm } else { KEPT };
        }
        norms
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
    fn add_above(
        self,
        sums: [[f32; PAIRS]; 2],
        over: [f32; PAIRS],
        least: f32,
    ) -> [[f32; PAIRS]; 2] {
        add_each(sums, over, least)
    }

    #[inline(always)]
    fn add_above_wide(
        self,
        sums: [[f64; PAIRS]; 2],
        over: [f64; PAIRS],
        least: f64,
    ) -> [[f64; PAIRS]; 2] {
        add_each(sums, over, least)
    }
}

/// As [`Simd::add_above`].
#[inline(always)]
fn add_each<R: Real>(mut sums: [[R; PAIRS]; 2], over: [R; PAIRS], least: R) -> [[R; PAIRS]; 2] {
    let [totals, counts] = &mut sums;
    for (over, (total, count)) in over.into_iter().zip(totals.iter_mut().zip(counts)) {
        let above = if over > R::default() { over } else { R::default() };
        *total = *total + above;
        *count = *count + above.smaller(least);
    }
    sums
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
mod detected;

#[cfg(not(target_arch = "x86_64"))]
mod detected {
    use super::{Baseline, WithSimd};

    /// There is none but the baseline, which holds NEON where that exists.
    #[inline(always)]
    pub fn dispatch<O: WithSimd>(op: O) -> O::Output {
        op.with_simd(Baseline)
    }
}

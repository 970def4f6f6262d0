//! The instructions that are found, each beside the loop that stands for it elsewhere.

use half::bf16;

use crate::cpu::outcome::KEPT;
use crate::cpu::simd::{Baseline, Simd, WithSimd, dispatch};

const NUMBERS: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    3.0,
    0.1,
    1e-300,
    1e300,
    2.5,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// What all of them make of numbers, as bits.
struct All;

impl WithSimd for All {
    type Output = Vec<u64>;

    fn with_simd<S: Simd>(self, simd: S) -> Vec<u64> {
        let mut found: Vec<f64> = Vec::new();
        for i in 0..NUMBERS.len() {
            let at = |j: usize| {
                std::array::from_fn(|lane| NUMBERS[(i * (j + 1) + lane) % NUMBERS.len()])
            };
            let (x, y) = (at(0), at(1));
            found.extend(simd.roots(x.map(f64::abs)));
            found.extend(simd.add_across([x, y, at(2), at(3)]));
            found.extend(simd.factors(x, 0.5, 2.0, y));
            found.push(simd.outside(x, 0.05, 2.75).into());
        }
        for bits in 0..=u16::MAX / 8 {
            let brains = std::array::from_fn(|lane| bf16::from_bits(8 * bits + lane as u16));
            found.extend(simd.widened_brains(brains).map(f64::from));
        }
        // Whatever NaN.
        found
            .into_iter()
            .map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() })
            .collect()
    }
}

#[test]
fn instructions_do_what_their_loops_do() {
    assert_eq!(dispatch(All), All.with_simd(Baseline));
}

#[test]
fn loops_do_what_they_say() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!(
        Baseline.factors([3.0, 1.0, 3.0, 3.0], 2.0, 6.0, [3.0, 1.0, 0.0, inf]),
        [2.0, KEPT, KEPT, KEPT]
    );
    assert_eq!(Baseline.factors([nan; 4], 2.0, 6.0, [nan; 4]), [KEPT; 4]);
    assert_eq!(Baseline.outside([0.5, 1.0, 3.5, nan], 1.0, 3.0), 0b0101);
    assert_eq!(Baseline.add_across([[1.0, 2.0, 4.0, 8.0]; 4]), [15.0; 4]);
    assert_eq!(Baseline.roots([4.0; 4]), [2.0; 4]);
}

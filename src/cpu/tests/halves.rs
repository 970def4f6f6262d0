//! Terms of 16 bits that are added in f32 before f64 takes their sum.

use half::{bf16, f16};

use super::random::Random;
use crate::cpu::kernel;
use crate::cpu::number::Number;
use crate::cpu::term::Term;
use crate::plan::margin::U;
use crate::plan::native::TOGETHER;

/// How far a sum is off, in halves of the spacing of f32 at 1.
fn error(found: f64, exact: f64) -> f64 {
    if found == exact { 0.0 } else { (found - exact).abs() / exact / U }
}

fn exact<T: Number>(term: Term, elements: impl Iterator<Item = T>) -> f64 {
    let of = |x: f64| if term == Term::Squares { x * x } else { x.abs() };
    elements.map(|x| of(x.real().into())).sum()
}

/// The largest error of any slice, in rows and in columns.
fn errors<T: Number>(term: Term, elements: &[T], [rows, columns]: [usize; 2]) -> [f64; 2] {
    let mut sums = vec![0.0; columns];
    kernel::add_columns(term, elements, columns, rows, &mut sums);
    let of_rows = elements
        .chunks(columns)
        .map(|row| error(kernel::sum(term, row), exact(term, row.iter().copied())));
    let of_columns = sums.iter().enumerate().map(|(i, &sum)| {
        error(sum, exact(term, elements.iter().skip(i).step_by(columns).copied()))
    });
    // Not `max` alone, which forgets NaN.
    let worst = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
    [of_rows.fold(0.0, worst), of_columns.fold(0.0, worst)]
}

const WITHIN: std::ops::RangeInclusive<f64> = 0.0..=TOGETHER as f64;

fn errors_of<T: Number>() {
    let mut random = Random(16);
    for term in [Term::Squares, Term::Magnitudes] {
        let mut most = [0.0f64; 2];
        for shape in [[8, 512], [70, 1040], [33, 77], [200, 3], [1, 4096]] {
            let mut number = || {
                let power = 16.0 * f64::from(random.element());
                (f64::from(random.element()) * power.exp2()) as f32
            };
            let elements: Vec<T> =
                (0..shape[0] * shape[1]).map(|_| T::nearest(T::real_of(number().into()))).collect();
            for (most, error) in most.iter_mut().zip(errors(term, &elements, shape)) {
                assert!(WITHIN.contains(&error), "{term:?} {shape:?} {error}u");
                *most = most.max(error);
            }
        }
        // Else they are added in f64, and there is nothing to test here.
        assert!(most.into_iter().all(|most| most > 0.1), "{term:?} {most:?}u");
    }
}

#[test]
fn errors_are_within_the_margin_and_there_are_some() {
    errors_of::<f16>();
    errors_of::<bf16>();
}

#[test]
fn the_margin_is_needed() {
    // What is added to 1 is a little less than the half of a spacing, so that nothing of it remains.
    let small = f16::from_f64((0.49 * 2.0 * U).sqrt());
    let elements: Vec<f16> = (0..8 * 64).map(|i| if i < 64 { f16::ONE } else { small }).collect();
    let [_, columns] = errors(Term::Squares, &elements, [8, 64]);
    assert!((6.0..=TOGETHER as f64).contains(&columns), "{columns}u");
}

#[test]
fn the_ends_of_f16_are_in_range() {
    for x in [f16::MAX, f16::MIN, f16::from_bits(1)] {
        for term in [Term::Squares, Term::Magnitudes] {
            let found = errors(term, &[x; 64 * 64], [64, 64]);
            assert!(found.iter().all(|error| WITHIN.contains(error)), "{x} {term:?} {found:?}");
        }
    }
    for x in [f16::INFINITY, f16::NAN] {
        let mut elements = [f16::ONE; 64];
        elements[63] = x;
        assert!(!kernel::sum(Term::Squares, &elements).is_finite());
    }
}

/// Columns, and then rows, of numbers near the ends of f32 beside others.
#[test]
fn what_bf16_holds_beyond_f32_is_added_in_f64() {
    let ends = [0.0, 1.0, 3e38, 1e20, 1e-18, 1e-20, 1e-30, 1e-38, 1e-40, 9.2e-41];
    let (rows, columns) = (1000, 300);
    for turned in [false, true] {
        let number = |row: usize, column: usize| {
            let of = if turned { row } else { column };
            let end = ends[of / 7 % ends.len()];
            // Some, too, that are small beside the others of a slice, and lost in f32.
            if (row + column).is_multiple_of(5) { end * 1e-3 } else { end }
        };
        let elements: Vec<bf16> =
            (0..rows * columns).map(|i| bf16::from_f32(number(i / columns, i % columns))).collect();
        for term in [Term::Squares, Term::Magnitudes] {
            let found = errors(term, &elements, [rows, columns]);
            assert!(found.iter().all(|error| WITHIN.contains(error)), "{term:?} {found:?}");
        }
    }
}

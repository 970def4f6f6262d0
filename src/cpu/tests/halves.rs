//! Terms of f16 that are added in f32 before f64 takes their sum.

use half::f16;

use super::random::Random;
use crate::cpu::kernel;
use crate::cpu::term::Term;
use crate::plan::margin::U;
use crate::plan::native::TOGETHER;

/// How far a sum is off, in halves of the spacing of f32 at 1.
fn error(found: f64, exact: f64) -> f64 {
    if found == exact { 0.0 } else { (found - exact).abs() / exact / U }
}

fn exact(term: Term, elements: impl Iterator<Item = f16>) -> f64 {
    let of = |x: f64| if term == Term::Squares { x * x } else { x.abs() };
    elements.map(|x| of(x.to_f64())).sum()
}

/// The largest error of any slice, in rows and in columns.
fn errors(term: Term, elements: &[f16], [rows, columns]: [usize; 2]) -> [f64; 2] {
    let mut sums = vec![0.0; columns];
    kernel::add_columns(term, elements, columns, rows, &mut sums);
    let of_rows = elements
        .chunks(columns)
        .map(|row| error(kernel::sum(term, row), exact(term, row.iter().copied())));
    let of_columns = sums.iter().enumerate().map(|(i, &sum)| {
        error(sum, exact(term, elements.iter().skip(i).step_by(columns).copied()))
    });
    [of_rows.fold(0.0, f64::max), of_columns.fold(0.0, f64::max)]
}

#[test]
fn errors_are_within_the_margin_and_there_are_some() {
    let mut random = Random(16);
    for term in [Term::Squares, Term::Magnitudes] {
        let mut most = [0.0f64; 2];
        for shape in [[8, 512], [70, 1040], [33, 77], [200, 3], [1, 4096]] {
            let mut number = || {
                let power = 16.0 * f64::from(random.element());
                f64::from(random.element()) * power.exp2()
            };
            let elements: Vec<f16> =
                (0..shape[0] * shape[1]).map(|_| f16::from_f64(number())).collect();
            for (most, error) in most.iter_mut().zip(errors(term, &elements, shape)) {
                *most = most.max(error);
            }
        }
        for most in most {
            assert!((0.1..=TOGETHER as f64).contains(&most), "{term:?} {most}u");
        }
    }
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
            let [rows, columns] = errors(term, &[x; 64 * 64], [64, 64]);
            assert!(rows <= TOGETHER as f64 && columns <= TOGETHER as f64, "{x} {term:?}");
        }
    }
    for x in [f16::INFINITY, f16::NAN] {
        let mut elements = [f16::ONE; 64];
        elements[63] = x;
        assert!(!kernel::sum(Term::Squares, &elements).is_finite());
    }
}

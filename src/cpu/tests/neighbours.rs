//! The sum of a slice has the same bits whatever is beside it: one that is kept stays as it is when its neighbours have
//! changed, and what is projected twice is the same as once.

use half::{bf16, f16};

use super::random::Random;
use crate::cpu::kernel;
use crate::cpu::number::Number;
use crate::cpu::term::Term;

const TERMS: [Term; 9] = [
    Term::Squares,
    Term::Magnitudes,
    Term::Largest,
    Term::Roots,
    Term::Cubes,
    Term::Fourths,
    Term::Powers(1.5),
    Term::Powers(0.3),
    Term::Powers(8.0),
];

/// What a neighbour may hold: ends of f32 and of its powers, and no numbers.
const ENDS: [f64; 9] = [0.0, 1e30, 3e38, 1e-20, 1e-30, 1e-38, 1e-40, f64::INFINITY, f64::NAN];

/// Of each row, and of each column.
fn sums<T: Number>(term: Term, elements: &[T], [rows, columns]: [usize; 2]) -> [Vec<f64>; 2] {
    let (mut of_rows, mut of_columns) = (Vec::new(), vec![0.0; columns]);
    kernel::add_columns(term, elements, columns, rows, &mut of_columns);
    let places: Vec<usize> = (0..rows).map(|row| row * columns).collect();
    kernel::row_sums(term, elements, &places, columns, &mut of_rows);
    [of_rows, of_columns]
}

fn check<T: Number>() {
    let mut random = Random(23);
    for term in TERMS {
        for shape in [[8, 128], [72, 300], [40, 77], [200, 3], [8, 1040]] {
            let elements: Vec<T> = (0..shape[0] * shape[1])
                .map(|_| T::nearest(T::real_of(random.element().into())))
                .collect();
            let before = sums(term, &elements, shape);
            for end in ENDS {
                for (axis, before) in before.iter().enumerate() {
                    let slice = |place: usize| [place / shape[1], place % shape[1]][axis];
                    let is_neighbour = |slice: usize| slice % 7 == 2;
                    let one = |(place, &x): (usize, &T)| match is_neighbour(slice(place)) {
                        true => T::nearest(T::real_of(end)),
                        false => x,
                    };
                    let changed: Vec<T> = elements.iter().enumerate().map(one).collect();
                    let after = &sums(term, &changed, shape)[axis];
                    for (i, (before, after)) in before.iter().zip(after).enumerate() {
                        let same = before.to_bits() == after.to_bits();
                        let what = ["row", "column"][axis];
                        assert!(
                            same || is_neighbour(i),
                            "{} {term:?} {shape:?}: {what} {i} is {before:e}, {after:e} beside {end:e}",
                            T::DTYPE
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_sum_is_the_same_whatever_is_beside_it() {
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_sum_of_16_bits_is_the_same_whatever_is_beside_it() {
    check::<f16>();
    check::<bf16>();
}

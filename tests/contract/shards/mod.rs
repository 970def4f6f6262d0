//! Matrices cut into parts, each on a rank of its own: together they are what the whole would be.

mod bytes;
mod edges;
mod judge;
mod ranks;

use normproj::{Axes, Context, DType, Norm, Projection, Rounding, reference};

use crate::contexts::contexts;
use crate::run::serves;
use crate::values::{Fill, Value, for_dtype};
use judge::{Verdict, judge};
use ranks::{Cut, Matrix, run};

/// 1 to 5 parts of a length, uneven, one of them empty.
fn cuts(axis: usize, length: usize) -> Vec<Cut> {
    let rest = |used: usize| length - used;
    let sizes = [
        vec![length],
        vec![1, rest(1)],
        vec![3, 0, rest(3)],
        vec![2, 5, rest(8), 1],
        vec![4, 1, rest(11), 0, 6],
    ];
    sizes.into_iter().map(|sizes| Cut { axis, sizes }).collect()
}

fn norms() -> [Norm; 4] {
    [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.0).expect("p is in range")]
}

/// Every axes that slices of a matrix may have, by what is reduced.
fn axes() -> [Axes; 3] {
    [Axes::from(0), Axes::from(1), Axes::all()]
}

/// A matrix of numbers of some magnitude, and a radius that some of its slices are inside.
fn case<T: Value>(norm: Norm, axes: Axes, scale: f64, seed: u64) -> (Matrix<T>, f64) {
    let shape = [23, 19];
    let value = |i| T::of(scale * Fill::Normal.value::<f64>(seed, i));
    let matrix = Matrix { elements: (0..shape[0] * shape[1]).map(value).collect(), shape };
    let mut norms: Vec<f64> = reference::norms(norm, axes, &matrix.elements, &matrix.layout())
        .expect("the layout is that of the matrix");
    norms.sort_by(f64::total_cmp);
    // A slice that is the whole matrix is outside.
    let c = if norms.len() == 1 { 0.3 * norms[0] } else { norms[norms.len() / 2] };
    (matrix, c)
}

fn prove<T: Value>(
    context: &Context,
    projection: Projection,
    matrix: &Matrix<T>,
    cut: &Cut,
) -> Verdict {
    let outcome = run(context, projection, matrix, cut);
    let verdict = judge(&projection, matrix, &outcome);
    let verdict = verdict.unwrap_or_else(|wrong| panic!("{projection}, {cut:?}: {wrong}"));
    if projection.rounds() == Rounding::Feasible {
        let again = run(context, projection, &outcome.matrix, cut);
        assert_eq!(again.bits(), outcome.bits(), "{projection}, {cut:?}: the second time");
    }
    verdict
}

#[test]
fn parts_together_are_the_whole() {
    for context in contexts() {
        for (number, norm) in norms().into_iter().enumerate() {
            for axes in axes() {
                let mut all = Verdict::default();
                for (scale, axis) in [(1.0, 0), (1.0, 1), (1e-30, 0), (1e30, 1)] {
                    let (matrix, c) = case::<f32>(norm, axes, scale, number as u64);
                    for cut in cuts(axis, matrix.shape[axis]) {
                        let projection = Projection::max_norm(c, axes).norm_in(norm);
                        all = all.and(prove(context, projection, &matrix, &cut));
                    }
                }
                let one = axes == Axes::all();
                assert!(all.scaled > 0 && (all.kept > 0 || one), "{norm} {axes}: {all:?}");
            }
        }
    }
}

#[test]
fn every_dtype_and_rounding() {
    for context in contexts() {
        for dtype in DType::ALL.into_iter().filter(|&dtype| serves(context, dtype)) {
            for rounding in [Rounding::Feasible, Rounding::TowardZero, Rounding::Nearest] {
                for (axes, axis) in [(Axes::from(0), 0), (Axes::all(), 1)] {
                    for_dtype!(dtype, T => {
                        let (matrix, c) = case::<T>(Norm::L2, axes, 1.0, 7);
                        let cut = Cut { axis, sizes: vec![4, 0, 2, matrix.shape[axis] - 6] };
                        let projection = Projection::clip_norm(c, axes).rounding(rounding);
                        prove(context, projection, &matrix, &cut);
                    });
                }
            }
        }
    }
}

/// Slices whose norms are the radius within some units: on which side they fall, every rank agrees.
#[test]
fn ranks_agree_at_the_rim() {
    for context in contexts() {
        for norm in norms() {
            let (matrix, _) = case::<f32>(norm, Axes::all(), 1.0, 3);
            let n = reference::norm(norm, &matrix.elements);
            for units in -40..=40 {
                let c = n * (1.0 + f64::from(units) * 2f64.powi(-24));
                let projection = Projection::max_norm(c, Axes::all()).norm_in(norm);
                prove(context, projection, &matrix, &Cut { axis: 0, sizes: vec![9, 2, 12] });
            }
        }
    }
}

/// A judge that passes everything would pass the library.
#[test]
fn planted_errors_are_caught() {
    let context = Context::cpu();
    let (matrix, c) = case::<f32>(Norm::L2, Axes::from(0), 1.0, 1);
    let projection = Projection::max_norm(c, 0);
    let right = run(&context, projection, &matrix, &Cut { axis: 0, sizes: vec![9, 2, 12] });
    judge(&projection, &matrix, &right).expect("nothing is wrong yet");
    let differs = |i: &usize| right.matrix.elements[*i] != matrix.elements[*i];
    let scaled = (0..matrix.elements.len()).find(differs).expect("some slices are outside");
    let kept = (0..19).find(|column| !(0..23).any(|row| differs(&(19 * row + column))));
    let kept = kept.expect("some slices are inside");
    let plant = |i: usize, y: f32| {
        let mut wrong = right.clone();
        wrong.matrix.elements[i] = y;
        judge(&projection, &matrix, &wrong).expect_err("it is wrong")
    };
    let y = right.matrix.elements[scaled];
    assert!(plant(scaled, y * (1.0 + 1e-5)).contains("element"));
    assert!(plant(kept, matrix.elements[kept].next_up()).contains("bits"));
    // Nothing is projected at all.
    let mut wrong = right.clone();
    wrong.matrix = matrix.clone();
    judge(&projection, &matrix, &wrong).expect_err("it is wrong");
    // One part is projected by itself, as if nobody else had any of the slice.
    let alone = run(&context, projection, &matrix, &Cut { axis: 0, sizes: vec![23] });
    judge(&projection, &matrix, &alone).expect("one part is the whole");
    let half = Matrix { elements: matrix.elements[..19 * 11].to_vec(), shape: [11, 19] };
    let upper = run(&context, projection, &half, &Cut { axis: 0, sizes: vec![11] });
    let mut wrong = right.clone();
    wrong.matrix.elements[..19 * 11].copy_from_slice(&upper.matrix.elements);
    judge(&projection, &matrix, &wrong).expect_err("it is wrong");
}

//! f64 over its whole range: powers, norms and factors leave it where elements do not.

use super::plans;
use crate::cpu::project;
use crate::layout::Layout;
use crate::plan::request::Request;
use crate::{Axes, Norm, Projection};

const LENGTH: usize = 37;
const SLICES: usize = 11;

/// Elements of one magnitude, not all of which are of one power of two.
fn element(slice: usize, i: usize, magnitude: f64) -> f64 {
    let sign = if i.is_multiple_of(3) { -1.0 } else { 1.0 };
    sign * (1.0 + ((7 * i + slice) % 11) as f64 / 8.0) * magnitude
}

/// Every other slice is of ordinary numbers, and the first of zeros.
fn slice(slice: usize, magnitude: f64) -> Vec<f64> {
    let magnitude = match slice {
        0 => 0.0,
        slice if slice.is_multiple_of(2) => 1.0,
        _ => magnitude,
    };
    (0..LENGTH).map(|i| element(slice, i, magnitude)).collect()
}

/// Elements as parts of their norm, and the norm, which may be beyond f64.
fn directions(slice: &[f64], norm: Norm) -> (Vec<f64>, f64) {
    let most = slice.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let parts: Vec<f64> = slice.iter().map(|x| if most > 0.0 { x / most } else { 0.0 }).collect();
    let sum = |p: f64| parts.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(p.recip());
    let size = match norm {
        Norm::L1 => sum(1.0),
        Norm::L2 => sum(2.0),
        Norm::Linf => 1.0,
        Norm::Lp(p) => sum(p.value()),
    };
    let parts = parts.into_iter().map(|x| if size > 0.0 { x / size } else { 0.0 });
    (parts.collect(), most * size)
}

/// Slices side by side or one after the other, and with gaps.
fn layouts() -> [(Layout, i32); 4] {
    [
        (Layout::contiguous([SLICES, LENGTH]).unwrap(), 1),
        (Layout::contiguous([LENGTH, SLICES]).unwrap(), 0),
        (Layout::strided([SLICES, LENGTH], [2 * LENGTH, 2], 1).unwrap(), 1),
        (Layout::strided([LENGTH, SLICES], [SLICES + 2, 1], 0).unwrap(), 0),
    ]
}

/// Every schedule brings slices of that magnitude to the norm `goal` of theirs.
fn reaches(
    projection: impl Fn(Axes) -> Projection,
    norm: Norm,
    magnitude: f64,
    goal: impl Fn(f64) -> f64,
) {
    let slices: Vec<Vec<f64>> = (0..SLICES).map(|index| slice(index, magnitude)).collect();
    for (layout, axis) in layouts() {
        let (strides, along) = (layout.strides(), axis as usize);
        let place = |slice: usize, i: usize| {
            layout.offset() + slice * strides[1 - along] + i * strides[along]
        };
        let mut before = vec![7.0; layout.end() + 1];
        for (index, slice) in slices.iter().enumerate() {
            slice.iter().enumerate().for_each(|(i, &x)| before[place(index, i)] = x);
        }
        let request = Request::in_place(projection(Axes::from(axis)), layout).with_report();
        for plan in plans(&request.of(crate::DType::F64)) {
            let mut found = before.clone();
            let tally = project(&plan, &mut found).unwrap();
            let kappa = plan.margin().of(norm).kappa;
            for (index, slice) in slices.iter().enumerate() {
                let (parts, size) = directions(slice, norm);
                for (i, part) in parts.into_iter().enumerate() {
                    let (y, exact) = (found[place(index, i)], part * goal(size));
                    let error = (y - exact).abs();
                    assert!(
                        error <= (2.0 * kappa + 1e-15) * exact.abs(),
                        "{magnitude:e} in {norm}: {y:e}, not {exact:e}: {plan:?}"
                    );
                }
            }
            assert_eq!((tally.slices, tally.zero), (SLICES as u64, 1), "{magnitude:e} {plan:?}");
        }
    }
}

/// Where squares, cubes and fourth powers leave f64, or only their sums do, and in between.
const MAGNITUDES: [f64; 21] = [
    5e-324, 1e-320, 1e-308, 1e-250, 1e-200, 1e-163, 1e-160, 1e-155, 1e-125, 1e-108, 1e-81, 1e-62,
    1e-5, 1e55, 1e77, 1e103, 1e124, 1e152, 1e155, 1e200, 1e307,
];

#[test]
fn every_magnitude_reaches_a_sphere() {
    let lp = |p| Norm::lp(p).unwrap();
    for norm in [Norm::L1, Norm::L2, Norm::Linf, lp(3.0), lp(4.0), lp(0.5), lp(1.7), lp(20.0)] {
        for magnitude in MAGNITUDES {
            let unit_norm = |axes| Projection::unit_norm(axes).norm_in(norm);
            reaches(unit_norm, norm, magnitude, |_| 1.0);
        }
    }
}

#[test]
fn every_magnitude_reaches_an_interval_once() {
    for magnitude in MAGNITUDES {
        // What a kernel had scaled by a factor that is off would be inside for those who carry out what
        // kernels cannot.
        let min_max_norm = |axes| Projection::min_max_norm(0.5, 1e4, axes);
        reaches(min_max_norm, Norm::L2, magnitude, |n| n.clamp(0.5, 1e4));
    }
}

#[test]
fn a_factor_beyond_f64_is_one_all_the_same() {
    for (norm, c) in [(Norm::L2, 1e-300), (Norm::L1, 1e-300), (Norm::Linf, 1e-310)] {
        for magnitude in [1e-5, 1.0, 1e155, 1e300] {
            let (slice, layout) = (slice(1, magnitude), Layout::contiguous([LENGTH]).unwrap());
            let projection = Projection::max_norm(c, 0).norm_in(norm);
            let request = Request::in_place(projection, layout).of(crate::DType::F64);
            for plan in plans(&request) {
                let mut found = slice.clone();
                project(&plan, &mut found).unwrap();
                for (y, exact) in found.iter().zip(directions(&slice, norm).0) {
                    let error = (y - exact * c).abs();
                    assert!(error <= 1e-12 * c * exact.abs() + 5e-324, "{magnitude:e} {norm}: {y}");
                }
            }
        }
    }
}

//! The ends of the range, radii and slices of nothing, and shapes that kernels treat apart.

use half::{bf16, f16};
use normproj::{Axes, Context, DType, Layout, Norm, Projection, Request, Rounding, ZeroSlice};

use super::{SETS, prove_by_plans, serving, set};
use crate::contexts::contexts;
use crate::run::{norms_of, plans, prove_norms};
use crate::values::{Fill, Value, for_dtype, hash};

/// The numbers that other systems get wrong.
#[test]
fn extreme_values() {
    let far = |axes| Projection::ball(Norm::L1, 0.3, axes);
    for (projection, slice) in [
        (Projection::max_norm(1.0, 0), vec![1e20, 1.0]),
        (Projection::max_norm(1.0, 0), vec![3e38; 4]),
        (Projection::max_norm(1.0, 0).norm_in(Norm::L1), vec![3e38; 4]),
        (Projection::unit_norm(0), vec![3e-30, 4e-30]),
        (Projection::unit_norm(0), vec![1e20, 1.0]),
        (Projection::unit_norm(0), vec![3e38; 4]),
        (Projection::max_norm(1e-30, 0), vec![3e-30, 4e-30]),
        (Projection::min_max_norm(0.5, 1.0, 0), vec![3e-30, 4e-30]),
        (far(Axes::from(0)), vec![1e19, 1.0]),
        (far(Axes::from(0)), vec![1e19, -1e19, 5.0]),
        (Projection::ball(Norm::L1, 1.0, 0), vec![3e38; 9]),
        (Projection::ball(Norm::L1, 5e38, 0), vec![3e38, -2e38, 1e38]),
        (Projection::simplex(1.0, 0), vec![3e38, -3e38, 2.0]),
        (Projection::sphere(Norm::L1, 1.0, 0), vec![1e-30, -2e-30]),
    ] {
        let layout = Layout::contiguous([slice.len()]).expect("small");
        let request = Request::in_place(projection, layout);
        contexts().for_each(|context| prove_by_plans::<f32>(context, &request, &slice, &[], 3));
    }
}

/// A radius of minus zero is zero.
#[test]
fn a_radius_of_minus_zero() {
    fn prove<T: Value>() {
        let row = [0.4375, -0.4375, 0.0, -0.0].map(T::of);
        for number in 0..SETS {
            let projection = set(number, -0.0, Axes::from(1), 3, T::DTYPE);
            for shape in [[1, 4], [4, 1]] {
                let layout = Layout::contiguous(shape).expect("small");
                let request = Request::in_place(projection, layout).with_report();
                serving(T::DTYPE)
                    .for_each(|context| prove_by_plans(context, &request, &row, &[], 5));
            }
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
}

/// A radius under half of the least element: e₁ times it is zero, and slices of zeros are inside.
#[test]
fn radii_that_rounding_swallows() {
    for norm in [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.5).expect("in range")] {
        let sphere = Projection::unit_norm(0).norm_in(norm).with_radius(2f64.powi(-126));
        let projection = sphere.zero_slices(ZeroSlice::BasisVector);
        let request =
            Request::in_place(projection, Layout::contiguous([2]).expect("small")).with_report();
        serving(DType::F16).for_each(|context| {
            prove_by_plans(context, &request, &[f16::ZERO, f16::NEG_ZERO], &[], 5);
        });
    }
}

/// Spheres whose elements become subnormal numbers, which some adapters take for zeros: where small powers
/// are summed these are a hundredth of the norm.
#[test]
fn spheres_of_numbers_that_some_adapters_take_for_zeros() {
    fn prove<T: Value>() {
        let row: Vec<T> = (0..1000).map(|i| T::of(2f64.powi(-(i % 40)))).collect();
        let norm = Norm::lp(0.5).expect("in range");
        let projection = Projection::unit_norm(0).norm_in(norm).with_radius(1e-30);
        let request = Request::in_place(projection, Layout::contiguous([1000]).expect("small"));
        contexts().for_each(|context| {
            prove_by_plans(context, &request.with_report(), &row, &[], 5);
        });
    }
    prove::<f32>();
    prove::<bf16>();
}

/// Where an adapter takes a slice for zeros there is nothing that a rate would be of.
#[test]
fn part_of_the_way_from_numbers_that_some_adapters_take_for_zeros() {
    let projection = Projection::min_max_norm(0.0, 0.0, 0).rate(0.3);
    let request = Request::in_place(projection, Layout::contiguous([3]).expect("small"));
    let row = [1e-40f32, -2e-40, 0.0];
    contexts().for_each(|context| {
        prove_by_plans(context, &request.with_report(), &row, &[], 5);
    });
}

/// The report tells a factor where it cannot tell the norm.
#[test]
fn factors_of_norms_beyond_f64() {
    let of = |projection: Projection, length: usize| {
        Request::in_place(projection, Layout::contiguous([length]).expect("small")).with_report()
    };
    for projection in [
        Projection::max_norm(1e300, 0),
        Projection::unit_norm(0).norm_in(Norm::L1),
        Projection::min_max_norm(1.0, 1e300, 0).rate(0.25),
    ] {
        serving(DType::F64).for_each(|context| {
            let row = [1.5e308, -1.7e308, 1.2e308];
            prove_by_plans(context, &of(projection, row.len()), &row, &[], 5);
        });
    }
    // Of f32 too, where small powers are summed: n is about 1e332.
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let projection = Projection::max_norm(1e300, 0).norm_in(norm);
    let row: Vec<f32> = (0..40_000).map(|i| 1e38 - 1e33 * i as f32).collect();
    contexts().for_each(|context| {
        prove_by_plans(context, &of(projection, row.len()), &row, &[], 5);
    });
}

/// Small powers of elements count that are nothing beside the largest one.
#[test]
fn small_powers_over_all_of_f64() {
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let row: Vec<f64> =
        (0..80).map(|i| if i % 8 == 0 { 1e300 } else { 1e-24 / f64::from(i) }).collect();
    let layout = Layout::contiguous([10, 8]).expect("small");
    let norms = norms_of(norm, Axes::from(1), layout).of(DType::F64);
    let ball = Projection::max_norm(1e290, 1).norm_in(norm);
    serving(DType::F64).for_each(|context| {
        plans(context, &norms, 3)
            .iter()
            .for_each(|plan| prove_norms::<f64, f64>(context, plan, &row));
        prove_by_plans(context, &Request::in_place(ball, layout).with_report(), &row, &[], 3);
    });
}

/// A subnormal element multiplies a norm of small powers, unless an adapter takes it for zero.
#[test]
fn small_powers_of_numbers_that_some_adapters_take_for_zeros() {
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let layout = Layout::contiguous([1, 2]).expect("small");
    let norms = norms_of(norm, Axes::from(1), layout).of(DType::BF16);
    let row = [3.35e30, 8e-39].map(<bf16 as Value>::of);
    contexts().for_each(|context| {
        plans(context, &norms, 3)
            .iter()
            .for_each(|plan| prove_norms::<bf16, f32>(context, plan, &row));
    });
}

/// A radius so small that slices aim at zero, but rounding has room above it: what lies in that is kept.
#[test]
fn slices_in_the_room_of_their_dtype_are_kept() {
    for radius in [1e-12, 1e-30] {
        for rounding in [Rounding::Feasible, Rounding::Nearest, Rounding::TowardZero] {
            let projection = Projection::max_norm(radius, 0).rounding(rounding);
            let layout = Layout::contiguous([8]).expect("small");
            let request = Request::in_place(projection, layout).with_report();
            let mut row = [f16::ZERO; 8];
            row[1] = f16::from_bits(1);
            contexts().for_each(|context| prove_by_plans(context, &request, &row, &[], 5));
        }
    }
}

/// Narrow rows that touch are read and written as one: whatever number of them is left over, and however its
/// elements fill steps.
#[test]
fn rows_that_are_read_as_one() {
    fn prove<T: Value>() {
        for (rows, columns) in (1..=37).flat_map(|rows| (1..=19).map(move |width| (rows, width))) {
            let layout = Layout::contiguous([rows, columns]).expect("small");
            let memory: Vec<T> = (0..layout.len()).map(|i| Fill::Normal.value(7, i)).collect();
            // Every slice violates, so that nothing is selected.
            let projection = Projection::max_norm(1e-3, 0);
            let context = Context::cpu();
            prove_by_plans(&context, &Request::in_place(projection, layout), &memory, &[], 5);
            let room = vec![T::of(-7.0); layout.len()];
            let apart = Request::into(projection, layout, layout);
            prove_by_plans(&context, &apart, &memory, &room, 5);
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
}

/// Where there are no elements, none can be brought to a norm.
#[test]
fn empty_slices() {
    fn prove<T: Value>() {
        let layout = Layout::contiguous([0, 3]).expect("small");
        for number in 0..SETS {
            let projection = set(number, 1.0, Axes::from(0), 1, T::DTYPE);
            let request = Request::in_place(projection, layout).with_report();
            serving(T::DTYPE)
                .for_each(|context| prove_by_plans::<T>(context, &request, &[], &[], 1));
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
}

/// Columns that the CPU backend searches side by side, and those among them that it searches alone: a few elements
/// that hold almost all, ties, zeros, what is not finite, and more columns than it takes at once.
#[test]
fn many_long_columns() {
    fn prove<T: Value>() {
        let shape = [1040, 1050];
        let one = |i: usize| {
            let (row, column) = (i / shape[1], i % shape[1]);
            let random = (hash(13, i) % 2001) as f64 / 1000.0 - 1.0;
            match column % 9 {
                0 => random.powi(9),
                1 if row == 1001 => 40.0,
                2 => (random * 4.0).round(),
                3 => 0.0,
                4 if row == 77 && column % 2 == 0 => f64::INFINITY,
                _ => random,
            }
        };
        let memory: Vec<T> = (0..shape[0] * shape[1]).map(|i| T::of(one(i))).collect();
        let layout = Layout::contiguous(shape).expect("small");
        for projection in [
            Projection::ball(Norm::L1, 3.0, 0),
            Projection::ball(Norm::L1, 300.0, 0),
            Projection::sphere(Norm::L1, 400.0, 0),
            Projection::simplex(5.0, 0),
        ] {
            let request = Request::in_place(projection, layout).with_report();
            prove_by_plans(&Context::cpu(), &request, &memory, &[], 5);
        }
    }
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        for_dtype!(dtype, T => prove::<T>());
    }
}

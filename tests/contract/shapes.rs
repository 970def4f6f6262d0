//! Shapes that go wrong first: one axis, unit axes, no elements, primes, high ranks, very long or
//! very many slices.

use normproj::{Axes, Context, Layout, Norm, Plan, Projection, Request, WeightLayout, reference};

use crate::contexts::contexts;
use crate::run::{all_plans, norms_of, plans, prove, prove_norms};
use crate::values::Fill;

/// Every form of a request, on every context.
fn prove_shape(shape: &[usize], axes: impl Into<Axes>) {
    prove_by(shape, axes.into(), |context, request| {
        plans(context, request, shape.iter().sum::<usize>() as u64)
    });
}

fn prove_by(shape: &[usize], axes: Axes, plans: impl Fn(&Context, &Request) -> Vec<Plan>) {
    let layout = Layout::contiguous(shape).expect("small");
    let memory: Vec<f32> = (0..layout.len()).map(|i| Fill::Normal.value(7, i)).collect();
    let norms = reference::norms(Norm::L2, axes, &memory, &layout).expect("valid axes");
    // Between the slices, so that some violate and some do not.
    let mean = norms.iter().sum::<f64>() / norms.len().max(1) as f64;
    let projection = Projection::max_norm(if norms.len() == 1 { 0.7 * mean } else { mean }, axes);
    // The memory of the target is wider than the source, whose rows are then no longer aligned.
    let strides: Vec<usize> = layout.strides().iter().map(|stride| 2 * stride).collect();
    let target = Layout::strided(shape, strides, 3).expect("wider");
    let room = vec![-7.0; target.end().max(3) + 2];
    for context in contexts() {
        let in_place = Request::in_place(projection, layout).with_report();
        for plan in plans(context, &in_place) {
            prove(context, &plan, &memory, &[]);
        }
        let plan = context.plan(&Request::into(projection, layout, target)).expect("valid");
        prove(context, &plan, &memory, &room);
        let plan = context.plan(&norms_of(Norm::L2, axes, layout)).expect("valid");
        prove_norms::<f32, f32>(context, &plan, &memory);
    }
}

/// Into aligned memory, and norms alone, by every schedule.
fn prove_other_outputs(shape: &[usize], axes: Axes) {
    let layout = Layout::contiguous(shape).expect("small");
    let memory: Vec<f32> = (0..layout.len()).map(|i| Fill::Normal.value(7, i)).collect();
    let norms = reference::norms(Norm::L2, axes, &memory, &layout).expect("valid axes");
    let mean = norms.iter().sum::<f64>() / norms.len() as f64;
    let projection = Projection::max_norm(0.9 * mean, axes);
    let target = Layout::strided(shape, layout.strides(), 64).expect("as the source");
    let room = vec![-7.0; target.end() + 3];
    for context in contexts() {
        for plan in all_plans(context, &Request::into(projection, layout, target)) {
            prove(context, &plan, &memory, &room);
        }
        for plan in all_plans(context, &norms_of(Norm::L2, axes, layout)) {
            prove_norms::<f32, f32>(context, &plan, &memory);
        }
    }
}

#[test]
fn every_legal_schedule_of_other_outputs() {
    prove_other_outputs(&[60, 132], Axes::from(0));
    prove_other_outputs(&[60, 132], Axes::from(1));
    prove_other_outputs(&[5, 12, 7, 8], Axes::from([0, 2]));
}

#[test]
fn every_legal_schedule() {
    prove_by(&[1021], Axes::all(), all_plans);
    prove_by(&[60, 132], Axes::from(0), all_plans);
    prove_by(&[60, 132], Axes::from(1), all_plans);
    prove_by(&[5, 12, 7, 8], Axes::from([0, 2]), all_plans);
}

#[test]
fn one_axis() {
    for n in [1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257, 1021, 1024, 4099, 70_001] {
        prove_shape(&[n], 0);
        prove_shape(&[n], Axes::each());
    }
}

#[test]
fn unit_axes() {
    for n in [1, 3, 4, 127, 2053] {
        for shape in [[1, n], [n, 1]] {
            [0, 1, -1, -2].into_iter().for_each(|axis| prove_shape(&shape, axis));
        }
        prove_shape(&[1, 1, n, 1], 2);
        prove_shape(&[1, n, 1, 1], [0, 2]);
    }
}

#[test]
fn no_axes() {
    prove_shape(&[], Axes::all());
    prove_shape(&[], Axes::each());
    prove_shape(&[], Axes::from([]));
}

#[test]
fn no_elements() {
    for shape in [&[0][..], &[0, 3], &[3, 0], &[0, 0], &[2, 0, 3], &[2, 3, 0, 1]] {
        (0..shape.len() as i32).for_each(|axis| prove_shape(shape, axis));
        prove_shape(shape, Axes::all());
        prove_shape(shape, Axes::each());
    }
}

#[test]
fn primes() {
    for shape in [[7, 11, 13], [31, 2, 17], [1, 127, 5]] {
        for axes in [&[0][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 2], &[0, 1, 2], &[-1, -3]] {
            prove_shape(&shape, axes);
        }
    }
    for axis in [0, 1] {
        prove_shape(&[211, 307], axis);
    }
}

#[test]
fn high_ranks() {
    prove_shape(&[3, 4, 5, 2, 6], [0, 2, 4]);
    prove_shape(&[3, 4, 5, 2, 6], [-1, -3, 0]);
    prove_shape(&[3, 4, 5, 2, 6], Axes::keep([1, 3]));
    prove_shape(&[2, 3, 2, 1, 2, 3, 2, 2], [0, 2, 4, 6]);
    prove_shape(&[2, 3, 2, 1, 2, 3, 2, 2], [1, 3, 5, -1]);
}

#[test]
fn weights() {
    for layout in [WeightLayout::Keras, WeightLayout::Torch, WeightLayout::Burn] {
        for shape in [&[784, 10][..], &[3, 16, 8], &[3, 3, 16, 8], &[8, 16, 3, 3], &[2, 3, 3, 4, 8]]
        {
            prove_shape(shape, Axes::per_unit(layout));
        }
    }
}

#[test]
fn more_slices_than_workgroups_in_a_dimension() {
    prove_shape(&[70_000, 3], 1);
    prove_shape(&[70_000, 3], 0);
    prove_shape(&[3, 70_000], 0);
    prove_shape(&[3, 70_000], 1);
}

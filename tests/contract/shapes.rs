//! Shapes that go wrong first: one axis, unit axes, no elements, primes, high ranks, very long or
//! very many slices.

use normproj::{Axes, Layout, Norm, Plan, Projection, Request, WeightLayout, reference};

use crate::contexts::contexts;
use crate::run::{norms_of, prove, prove_norms};
use crate::values::Fill;

/// Every form of a request, on every context, by every legal schedule.
fn prove_shape(shape: &[usize], axes: impl Into<Axes>) {
    let axes = axes.into();
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
        let profile = context.profile();
        let in_place = Request::in_place(projection, layout).with_report();
        for schedule in Plan::legal_schedules(&in_place, profile).expect("valid") {
            let plan = Plan::with_schedule(&in_place, profile, schedule).expect("it is legal");
            prove(context, &plan, &memory, &[]);
        }
        let plan = context.plan(&Request::into(projection, layout, target)).expect("valid");
        prove(context, &plan, &memory, &room);
        let plan = context.plan(&norms_of(axes, layout)).expect("valid");
        prove_norms(context, &plan, &memory);
    }
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

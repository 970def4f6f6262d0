//! Steady state: recording a bound projection costs nothing above the same dispatches by hand.

use normproj::gpu::Bound;
use normproj::{Context, Indices, Layout, Projection, Request};

use crate::allocations::during;
use crate::by_hand::ByHand;
use crate::contexts;

/// Whether recording allocates as much as as many dispatches by hand.
fn check(context: &Context, by_hand: &ByHand, bound: &Bound) {
    let gpu = context.as_gpu().unwrap();
    let dispatches = bound.prepared().plan().cost().dispatches;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..8 {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        ours.push(during(|| bound.record(&mut pass)));
        drop(pass);
        drop(encoder);
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        theirs.push(during(|| by_hand.record(&mut pass, dispatches)));
    }
    println!(
        "{}: {dispatches} dispatches allocate {ours:?}, by hand {theirs:?}",
        context.describe()
    );
    assert_eq!(ours.iter().min(), theirs.iter().min());
}

#[test]
fn recording_allocates_nothing_above_the_same_dispatches_by_hand() {
    for context in contexts() {
        let by_hand = ByHand::new(context);
        let gpu = context.as_gpu().unwrap();
        for shape in [[64, 48], [4096, 512]] {
            let layout = Layout::contiguous(shape).unwrap();
            let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
            let prepared = gpu.prepare(&context.plan(&request).unwrap()).unwrap();
            check(context, &by_hand, &prepared.bind(&context.zeros(shape).unwrap()).unwrap());
        }
    }
}

/// Nor does it where radii, limits or indices are in memory and change before every run.
#[test]
fn recording_allocates_nothing_where_operands_change() {
    for context in contexts() {
        let by_hand = ByHand::new(context);
        let prepare = |request: &Request| {
            context.as_gpu().unwrap().prepare(&context.plan(request).unwrap()).unwrap()
        };
        let (tensor, beside) = (context.zeros([64, 48]).unwrap(), context.zeros([48]).unwrap());
        let indices = Indices::upload(context, &[3u32, 14, 3, 200]).unwrap();
        let (layout, of_slices) = (*tensor.layout(), *beside.layout());
        let max_norm = |axis: i32| Request::in_place(Projection::max_norm(1.0, axis), layout);
        let plane = Request::in_place(Projection::hyperplane(1.0, 0), layout).along(layout);
        let bounds = Request::in_place(Projection::bounds(-1.0, 1.0), layout);
        let along = context.zeros([64, 48]).unwrap();
        let bound = [
            prepare(&max_norm(0).with_radii(of_slices)).bind_with(&tensor, &tensor, Some(&beside)),
            prepare(&plane.with_radii(of_slices)).bind_along_with(
                &tensor,
                &tensor,
                &along,
                Some(&beside),
            ),
            prepare(&bounds.with_limits(of_slices, of_slices))
                .bind_with_limits(&tensor, &tensor, &beside, &beside),
            prepare(&max_norm(1).rows(*indices.layout())).bind_rows(&tensor, &indices),
        ];
        for bound in bound {
            check(context, &by_hand, &bound.unwrap());
            beside.write(&[2.0f32; 48]).unwrap();
        }
    }
}

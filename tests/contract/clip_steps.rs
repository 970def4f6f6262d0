//! One group over many steps: other buffers, other radii, results that are read late.

use normproj::{Clip, DType, Error, Layout, Norm};

use crate::clip_run::{carry_out, prove_on};
use crate::clip_scene::{Place, Scene};
use crate::contexts::contexts;
use crate::values::Fill;

fn scene(seed: u64) -> Scene {
    let at = |memory, shape: &[usize], strides: &[usize], offset| {
        let layout = Layout::strided(shape, strides, offset).expect("no overlap");
        Place { memory, layout, dtype: DType::F32 }
    };
    let places = [
        at(0, &[257], &[1], 1),
        at(0, &[4, 6], &[8, 1], 260),
        at(1, &[3], &[1], 0),
        at(0, &[2], &[1], 300),
    ];
    Scene::amid(&places, seed, |tensor, i| Fill::Normal.value(seed + tensor as u64, i))
}

#[test]
fn new_buffers_are_bound_to_the_same_plan() {
    for context in contexts() {
        let clips = [
            Clip::global_norm(1.0),
            Clip::each_norm(1.0).norm(Norm::L1),
            Clip::value(-0.1, 0.1),
            Clip::norms(Norm::Linf),
        ];
        for clip in clips {
            let first = scene(1);
            let stage = first.stage(context, clip).expect("valid");
            prove_on(context, &stage, &first);
            for seed in 2..6 {
                let next = scene(seed);
                prove_on(context, &stage.rebind(context, &next).expect("it fits"), &next);
            }
            // The first still holds what it held.
            let before = Scene { memories: stage.memories(), ..first };
            prove_on(context, &stage, &before);
        }
    }
}

#[test]
fn tensors_that_lie_elsewhere_are_another_plan() {
    for context in contexts() {
        let stage = scene(1).stage(context, Clip::global_norm(1.0)).expect("valid");
        let mut moved = scene(1);
        moved.tensors[3].layout = Layout::strided([2], [1], 299).expect("one axis");
        let mut elsewhere = scene(1);
        elsewhere.memories[1].extend(&[0.0f32; 400]);
        elsewhere.tensors[3].memory = 1;
        let mut fewer = scene(1);
        fewer.tensors.pop();
        for (what, other) in [("moved", moved), ("elsewhere", elsewhere), ("fewer", fewer)] {
            let refused = stage.rebind(context, &other).err();
            assert!(matches!(refused, Some(Error::PlanMismatch { .. })), "{what}: {refused:?}");
        }
        // More of a memory behind the tensors changes nothing.
        let mut longer = scene(1);
        longer.memories[1].extend(&[1.0f32; 100]);
        prove_on(context, &stage.rebind(context, &longer).expect("it fits"), &longer);
    }
}

#[test]
fn the_radius_changes_from_step_to_step() {
    for context in contexts() {
        for clip in
            [Clip::global_norm(8.0), Clip::each_norm(8.0), Clip::global_norm(8.0).norm(Norm::L1)]
        {
            let mut scene = scene(3);
            let stage = scene.stage(context, clip).expect("valid");
            prove_on(context, &stage, &scene);
            for radius in [2.0, 0.5, 4.0, 0.0] {
                scene.memories = stage.memories();
                let next = stage.with_radius(radius).expect("a valid radius");
                assert_eq!(next.group.plan().request().clip.radius(), Some(radius));
                prove_on(context, &next, &scene);
            }
        }
    }
}

#[test]
fn two_radii_in_flight_keep_their_order() {
    for context in contexts() {
        let scene = scene(4);
        let wide = scene.stage(context, Clip::global_norm(3.0)).expect("valid");
        let narrow = wide.with_radius(1.0).expect("a valid radius");
        let first = wide.group.run().expect("it runs");
        let second = narrow.group.run().expect("it runs");
        let (first, second) = (first.wait().expect("report"), second.wait().expect("report"));
        assert!(first.total().norm > 3.0 && (second.total().norm - 3.0).abs() < 1e-4);
        assert!((second.total().scale - 1.0 / 3.0).abs() < 1e-4);
        let norm = narrow.group.norm().and_then(|norm| norm.read()).expect("a norm");
        assert!((norm[0] - 3.0).abs() < 1e-4, "the last leaves its results");
    }
}

#[test]
fn reports_that_nobody_waits_for_cost_nothing() {
    for context in contexts() {
        let scene = scene(5);
        let stage = scene.stage(context, Clip::global_norm(1.0)).expect("valid");
        (0..50).for_each(|_| drop(stage.group.run().expect("it runs")));
        let (after, found) = carry_out(&stage, &scene);
        assert!(!found.expect("a report").report.clipped());
        assert_eq!(after.memories[0], stage.memories()[0]);
    }
}

//! Clips of gradients that decay is added to.

use normproj::{Clip, DType, Error, GivenNorm, Layout, Norm, OnNonFinite};

use crate::clip_memory::Memory;
use crate::clip_run::prove;
use crate::clip_scene::{Decays, Place, Scene};
use crate::contexts::{contexts, say};
use crate::values::Fill;

/// Three tensors of which the second does not decay; gradients and weights share an arena.
fn scene(rate: f64) -> Scene {
    let at = |memory, size, offset| {
        let layout = Layout::strided([size], [1], offset).expect("one axis");
        Place { memory, layout, dtype: DType::F32 }
    };
    let tensors = [at(0, 700, 3), at(0, 5, 710), at(1, 33, 1)];
    let transposed = |shape: [usize; 2], offset| {
        let layout = Layout::strided(shape, [1, shape[0]], offset).expect("no overlap");
        Place { memory: 0, layout, dtype: DType::F32 }
    };
    let mut scene = Scene::amid(&tensors, 1, |tensor, i| Fill::Normal.value(tensor as u64, i));
    // Weights beside the gradients, and in a memory of their own.
    let beside = scene.memories[0].len::<f32>();
    let values = |seed, count: usize| -> Vec<f32> {
        (0..count).map(|i| Fill::Normal.value(seed, i)).collect()
    };
    scene.memories[0].extend(&values(8, 33));
    scene.memories.push(Memory::of(&values(9, 704)));
    let weights = vec![Some(at(2, 700, 4)), None, Some(transposed([33, 1], beside))];
    scene.tensors[2].layout = Layout::strided([33, 1], [1, 1], 1).expect("no overlap");
    scene.decay = Some(Decays { rate, weights });
    scene
}

#[test]
fn what_decays_is_clipped_with_its_weights() {
    for context in contexts() {
        let mut run = 0;
        for rate in [0.0, 0.005, 0.1, 3.0] {
            let scene = scene(rate);
            for radius in [0.0, 1.0, 20.0, 1e4, f64::INFINITY] {
                for norm in Norm::ALL {
                    prove(context, Clip::global_norm(radius).norm(norm), &scene);
                    prove(context, Clip::each_norm(radius).norm(norm), &scene);
                    run += 2;
                }
                let given = Clip::global_norm(radius).use_norm(GivenNorm::Host(10.0));
                prove(context, given, &scene);
                run += 1;
            }
            for norm in Norm::ALL {
                prove(context, Clip::norms(norm), &scene);
            }
            prove(context, Clip::value(-0.5, 1.0), &scene);
            run += 4;
        }
        say(&format!("clips with decay: {run} on {}", context.describe()));
        assert_eq!(run, 4 * (5 * 7 + 4));
    }
}

#[test]
fn bad_weights_and_bad_gradients_count_alike() {
    for context in contexts() {
        for bad in [f32::NAN, f32::NEG_INFINITY] {
            for (gradient, weight) in [(1.0, bad), (bad, 1.0)] {
                let scene = Scene::of(&[&[2.0, gradient], &[3.0]])
                    .with_decay(0.5, &[&[4.0, weight], &[-1.0]]);
                for policy in OnNonFinite::ALL {
                    let global = Clip::global_norm(1.0).on_non_finite(policy);
                    let each = Clip::each_norm(1.0).on_non_finite(policy);
                    assert_eq!(prove(context, global, &scene).non_finite, 1);
                    assert_eq!(prove(context, each, &scene).non_finite, 1);
                }
            }
        }
    }
}

#[test]
fn without_a_rate_every_bit_is_kept() {
    let gradients = [-0.0, 1.0, f32::from_bits(0x7fc0_1234)];
    let weights = [1.0, f32::INFINITY, 2.0];
    for context in contexts() {
        // The second is zero as f32.
        for rate in [0.0, 1e-60] {
            let scene = Scene::of(&[&gradients]).with_decay(rate, &[&weights]);
            let stage = scene.stage(context, Clip::value(-5.0, 5.0)).expect("valid");
            stage.group.enqueue().expect("it runs");
            let after = stage.group.model().tensors()[0].read().expect("it is read");
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&after), bits(&gradients), "{rate} on {}", context.describe());
        }
    }
}

#[test]
fn weights_that_lie_across_what_is_written_are_refused() {
    for context in contexts() {
        let place = |offset| Place {
            memory: 0,
            layout: Layout::strided([64], [1], offset).expect("one axis"),
            dtype: DType::F32,
        };
        let with = |offset, clip| {
            let mut scene = Scene::of(&[&[1.0; 129]]);
            scene.tensors = vec![place(1)];
            scene.decay = Some(Decays { rate: 0.5, weights: vec![Some(place(offset))] });
            scene.stage(context, clip).map(drop)
        };
        for offset in [0, 2, 64] {
            let refused = with(offset, Clip::global_norm(1.0));
            assert!(matches!(refused, Err(Error::SharedElements { .. })), "{refused:?}");
            assert_eq!(with(offset, Clip::norms(Norm::L2)), Ok(()));
        }
        assert_eq!(with(65, Clip::global_norm(1.0)), Ok(()));
        // A tensor that is its own weights.
        assert_eq!(with(1, Clip::global_norm(1.0)), Ok(()));
    }
}

#[test]
fn rates_and_shapes_that_do_not_fit_are_refused() {
    for context in contexts() {
        let with = |rate| {
            let scene = Scene::of(&[&[1.0, 2.0]]).with_decay(rate, &[&[1.0, 1.0]]);
            scene.stage(context, Clip::global_norm(1.0)).err()
        };
        for rate in [-0.1, f64::INFINITY, 1e39] {
            assert_eq!(with(rate), Some(Error::DecayRate { rate }));
        }
        assert!(matches!(with(f64::NAN), Some(Error::DecayRate { .. })));
        assert_eq!(with(0.0), None);
        let mut scene = Scene::of(&[&[1.0, 2.0]]).with_decay(0.1, &[&[1.0, 1.0]]);
        let decay = scene.decay.as_mut().expect("it decays");
        let place = decay.weights[0].as_mut().expect("there are weights");
        place.layout = Layout::contiguous([2, 1]).expect("small");
        let refused = scene.stage(context, Clip::global_norm(1.0)).err();
        let Some(Error::Named { name, error }) = refused else { panic!("{refused:?}") };
        assert_eq!(name, "0");
        assert!(matches!(*error, Error::Shape { .. }), "{error:?}");
    }
}

//! Where the tensors of a group lie: arenas with gaps, odd offsets, interleaved and permuted
//! views. Nothing outside them may change.

use normproj::{Clip, Context, DType, Error, Layout, Norm, OnNonFinite};

use crate::clip_run::prove;
use crate::clip_scene::{Place, Scene};
use crate::contexts::contexts;
use crate::values::Fill;

fn at(memory: usize, shape: &[usize], strides: &[usize], offset: usize) -> Place {
    let layout = Layout::strided(shape, strides, offset).expect("it does not overlap");
    Place { memory, layout, dtype: DType::F32 }
}

/// Every kind of clip, of tensors whose elements are about 1.
fn prove_all(context: &Context, places: &[Place]) {
    for (seed, fill) in [(1, Fill::Normal), (2, Fill::Mixed), (3, Fill::Integers)] {
        let scene = Scene::amid(places, seed, |tensor, i| fill.value(seed + tensor as u64, i));
        for radius in [0.5, 1e30] {
            for norm in Norm::ALL {
                prove(context, Clip::global_norm(radius).norm(norm), &scene);
                prove(context, Clip::each_norm(radius).norm(norm), &scene);
            }
        }
        prove(context, Clip::value(-0.25, 0.5), &scene);
        prove(context, Clip::norms(Norm::L2), &scene);
        let spoilt = Scene::amid(places, seed, |tensor, i| match (tensor, i) {
            (0, 0) => f32::INFINITY,
            _ => fill.value(seed, i),
        });
        for policy in OnNonFinite::ALL {
            prove(context, Clip::global_norm(0.5).on_non_finite(policy), &spoilt);
        }
    }
}

#[test]
fn an_arena_with_gaps_and_odd_offsets() {
    let arena = [
        at(0, &[], &[], 1),
        at(0, &[5], &[1], 3),
        at(0, &[7, 3], &[3, 1], 9),
        at(0, &[1, 1], &[1, 1], 31),
        at(0, &[0, 3], &[3, 1], 32),
        at(0, &[2, 2, 2], &[4, 2, 1], 33),
        at(0, &[999], &[1], 45),
    ];
    contexts().for_each(|context| prove_all(context, &arena));
}

#[test]
fn buffers_and_arenas_side_by_side() {
    let places = [
        at(0, &[300], &[1], 0),
        at(1, &[17], &[1], 2),
        at(0, &[40, 2], &[2, 1], 301),
        at(2, &[1], &[1], 0),
        at(1, &[64], &[1], 64),
    ];
    contexts().for_each(|context| prove_all(context, &places));
}

#[test]
fn interleaved_strided_and_permuted_views() {
    let columns = (0..5).map(|column| at(0, &[33], &[8], column));
    let blocks = [at(1, &[6, 5], &[13, 1], 2), at(1, &[6, 4], &[13, 2], 8)];
    let transposed = [at(2, &[9, 7], &[1, 9], 0), at(2, &[3, 4, 5], &[1, 15, 3], 70)];
    let wide = [at(3, &[2, 3, 4], &[200, 50, 7], 11)];
    let places: Vec<Place> = columns.chain(blocks).chain(transposed).chain(wide).collect();
    contexts().for_each(|context| prove_all(context, &places));
}

#[test]
fn hundreds_of_tensors_of_every_size() {
    let sizes = (0..400usize).map(|i| match i {
        7 => 70_001,
        300 => 4096,
        i => i * i % 97,
    });
    let mut offset = 3;
    let one = |size: usize| {
        let place = at(0, &[size], &[1], offset);
        offset += size + size % 3;
        place
    };
    let places: Vec<Place> = sizes.map(one).collect();
    let scene = Scene::amid(&places, 4, |tensor, i| Fill::Normal.value(tensor as u64, i));
    contexts().for_each(|context| {
        for radius in [1.0, 1e4] {
            prove(context, Clip::global_norm(radius), &scene);
            prove(context, Clip::each_norm(radius), &scene);
        }
        prove(context, Clip::norms(Norm::L1), &scene);
        prove(context, Clip::value(-0.5, 0.5), &scene);
    });
}

#[test]
fn tensors_that_share_elements_are_refused() {
    let whole = at(0, &[4, 4], &[4, 1], 0);
    let cases = [
        ("tied", vec![whole, at(1, &[2], &[1], 0), whole], ("0", "2")),
        ("a row of it", vec![at(0, &[4], &[1], 12), whole], ("0", "1")),
        ("one element", vec![at(0, &[2, 2], &[4, 1], 0), at(0, &[2, 2], &[4, 1], 5)], ("0", "1")),
        ("transposed", vec![whole, at(0, &[4, 4], &[1, 4], 0)], ("0", "1")),
    ];
    for context in contexts() {
        for (what, places, (first, second)) in &cases {
            let scene = Scene::amid(places, 5, |_, i| i as f32);
            let refused = scene.stage(context, Clip::global_norm(1.0)).err();
            let expected =
                Error::SharedElements { first: first.to_string(), second: second.to_string() };
            assert_eq!(refused, Some(expected), "{what}");
        }
        // Meshed views that share none are taken.
        let meshed = [at(0, &[8], &[2], 0), at(0, &[8], &[2], 1)];
        prove(context, Clip::global_norm(1.0), &Scene::amid(&meshed, 6, |_, i| i as f32));
    }
}

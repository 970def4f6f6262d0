//! Random models with fresh seeds, on every context.

use normproj::{Context, DType, Norm};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::clip_case::clip_cases;
use crate::clip_run::{carry_out, prove};
use crate::contexts::contexts_for;
use crate::properties::config;

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn models_are_clipped_as_promised(case in clip_cases()) {
        let scene = case.scene();
        let clip = case.clip(&scene);
        contexts_for(case.seed).for_each(|context| {
            prove(context, clip, &scene);
        });
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_same_clip_gives_the_same_bits(case in clip_cases()) {
        let scene = case.scene();
        let clip = case.clip(&scene);
        for context in contexts_for(case.seed).filter(|context| scene.served_by(context)) {
            let once = || {
                let stage = scene.stage(context, clip).expect("valid");
                carry_out(&stage, &scene).0.memories
            };
            let (first, second) = (once(), once());
            assert!(first == second, "{clip} on {}", context.describe());
        }
    }
}

/// A generator that never reaches a corner proves nothing about it.
#[test]
fn the_cases_reach_every_corner() {
    let mut runner = TestRunner::deterministic();
    let context = Context::cpu();
    let mut reached = [("inside", 0), ("at the rim", 0), ("outside", 0), ("not finite", 0)];
    let (mut views, mut decays, mut values, mut given) = (0, 0, 0, 0);
    let (mut mixed, mut double, mut powers) = (0, 0, 0);
    for _ in 0..300 {
        let case = clip_cases().new_tree(&mut runner).expect("a case").current();
        let scene = case.scene();
        let clip = case.clip(&scene);
        let stats = prove(&context, clip, &scene);
        let counts = [stats.inside, stats.rim, stats.outside, stats.non_finite];
        let each = reached.iter_mut().zip(counts);
        each.for_each(|((_, sum), count)| *sum += usize::from(count > 0));
        views += usize::from(scene.tensors.iter().any(|t| !t.layout.is_contiguous()));
        decays += usize::from(scene.decay.is_some());
        values += usize::from(clip.norm_used().is_none());
        given += usize::from(clip.given().is_some());
        let any = |is: &dyn Fn(DType) -> bool| scene.tensors.iter().any(|t| is(t.dtype));
        double += usize::from(any(&|dtype| dtype == DType::F64));
        mixed += usize::from(any(&|dtype| dtype == DType::F16) && any(&|dtype| dtype.size() > 2));
        powers += usize::from(matches!(clip.norm_used(), Some(Norm::Lp(_))));
    }
    let others = [("views", views), ("decay", decays), ("values", values), ("given", given)];
    let kinds = [("of mixed dtypes", mixed), ("of f64", double), ("in Lp", powers)];
    for (what, count) in reached.into_iter().chain(others).chain(kinds) {
        assert!(count >= 10, "{count} of 300 cases have groups {what}");
    }
}

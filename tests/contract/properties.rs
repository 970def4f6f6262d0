//! Random requests with fresh seeds, on every context, by the chosen schedule and others.

use std::sync::Once;
use std::time::{SystemTime, UNIX_EPOCH};

use normproj::{Context, Norm, Plan, Request};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};

use crate::case::{Case, cases};
use crate::contexts::{contexts_for, say};
use crate::judge::Memory;
use crate::run::{norms_of, plans, prove, prove_norms, run, same_bits};

/// Fresh seeds, said aloud so that a failure can be had again; failures are also written beside
/// this file. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` are obeyed.
pub fn config(cases: u32) -> ProptestConfig {
    static SAID: Once = Once::new();
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        config.rng_seed = RngSeed::Fixed(now as u64);
    }
    SAID.call_once(|| say(&format!("PROPTEST_RNG_SEED={}", config.rng_seed)));
    config.failure_persistence = Some(Box::new(FileFailurePersistence::WithSource("regressions")));
    config
}

/// Plans of a request on the contexts of a case.
fn on_all(case: &Case, request: &Request, act: impl Fn(&Context, &Plan)) {
    for context in contexts_for(case.seed) {
        plans(context, request, case.seed).iter().for_each(|plan| act(context, plan));
    }
}

fn in_place(case: &Case) -> (Request, Vec<f32>) {
    let memory = case.memory();
    let layout = case.source.layout(&case.shape);
    (Request::in_place(case.projection(&memory), layout), memory)
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn in_place_with_a_report(case in cases()) {
        let (request, memory) = in_place(&case);
        on_all(&case, &request.with_report(), |context, plan| {
            prove(context, plan, &memory, &[]);
        });
    }

    #[test]
    fn into_another_view(case in cases()) {
        let (request, memory) = in_place(&case);
        let target = case.target.layout(&case.shape);
        let room = case.target.memory(&case.shape, !case.seed, |_| f32::NAN);
        let request = Request::into(case.projection(&memory), request.source, target);
        on_all(&case, &request, |context, plan| {
            prove(context, plan, &memory, &room);
        });
    }

    #[test]
    fn norms_alone(case in cases()) {
        let (request, memory) = in_place(&case);
        let request = norms_of(Norm::L2, case.axes, request.source);
        on_all(&case, &request, |context, plan| prove_norms::<f32, f32>(context, plan, &memory));
    }

    #[test]
    fn the_same_plan_gives_the_same_bits(case in cases()) {
        let (request, memory) = in_place(&case);
        let target = Memory { layout: &request.source, elements: &[] };
        on_all(&case, &request, |context, plan| {
            let [first, second, third] = [(); 3].map(|()| run(context, plan, &memory, &target).memory);
            let same = same_bits(&first, &second) && same_bits(&first, &third);
            assert!(same, "{} by {}", context.describe(), plan.schedule());
        });
    }
}

/// A generator that never reaches a corner proves nothing about it.
#[test]
fn the_cases_reach_every_corner() {
    let mut runner = TestRunner::deterministic();
    let context = Context::cpu();
    let (mut inside, mut rim, mut outside, mut non_finite, mut views) = (0, 0, 0, 0, 0);
    for _ in 0..200 {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        let (request, memory) = in_place(&case);
        let plan = context.plan(&request).expect("a valid request");
        let stats = prove(&context, &plan, &memory, &[]);
        inside += usize::from(stats.inside > 0);
        rim += usize::from(stats.rim > 0);
        outside += usize::from(stats.outside > 0);
        non_finite += usize::from(stats.non_finite > 0);
        views += usize::from(!request.source.is_contiguous());
    }
    for (what, count) in [
        ("inside", inside),
        ("at the rim", rim),
        ("outside", outside),
        ("not finite", non_finite),
        ("not contiguous", views),
    ] {
        assert!(count >= 10, "{count} of 200 cases have slices {what}");
    }
}

//! Random requests with fresh seeds, on every context, by every legal schedule.

use std::sync::Once;
use std::time::{SystemTime, UNIX_EPOCH};

use normproj::{Context, Plan, Request};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

use crate::case::{Case, cases};
use crate::compare::Memory;
use crate::contexts::{contexts, say};
use crate::run::{norms_of, prove, prove_norms, run, same_bits};

/// Fresh seeds, said aloud so that a failure can be had again; failures are also written beside
/// this file. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` are obeyed.
fn config(cases: u32) -> ProptestConfig {
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

/// Every plan of a request on every context.
fn on_all(request: &Request, act: impl Fn(&Context, &Plan)) {
    for context in contexts() {
        let profile = context.profile();
        act(context, &Plan::new(request, profile).expect("a valid request"));
        for schedule in Plan::legal_schedules(request, profile).expect("a valid request") {
            act(context, &Plan::with_schedule(request, profile, schedule).expect("it is legal"));
        }
    }
}

fn in_place(case: &Case) -> (Request, Vec<f32>) {
    let memory = case.memory();
    let layout = case.source.layout(&case.shape);
    (Request::in_place(case.projection(&memory), layout), memory)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn in_place_with_a_report(case in cases()) {
        let (request, memory) = in_place(&case);
        on_all(&request.with_report(), |context, plan| {
            prove(context, plan, &memory, &[]);
        });
    }

    #[test]
    fn into_another_view(case in cases()) {
        let (request, memory) = in_place(&case);
        let target = case.target.layout(&case.shape);
        let room = case.target.memory(&case.shape, !case.seed, |_| f32::NAN);
        let request = Request::into(case.projection(&memory), request.source, target);
        on_all(&request, |context, plan| {
            prove(context, plan, &memory, &room);
        });
    }

    #[test]
    fn norms_alone(case in cases()) {
        let (request, memory) = in_place(&case);
        let request = norms_of(case.axes, request.source);
        on_all(&request, |context, plan| prove_norms(context, plan, &memory));
    }

    #[test]
    fn the_same_plan_gives_the_same_bits(case in cases()) {
        let (request, memory) = in_place(&case);
        let target = Memory { layout: &request.source, elements: &[] };
        on_all(&request, |context, plan| {
            let [first, second, third] = [(); 3].map(|()| run(context, plan, &memory, &target).memory);
            let same = same_bits(&first, &second) && same_bits(&first, &third);
            assert!(same, "{} by {}", context.describe(), plan.schedule());
        });
    }
}

//! Carries out a clip and judges everything that it left behind.

use normproj::{Clip, Context, Error};

use crate::clip_compare::Judge;
use crate::clip_report::{Found, check};
use crate::clip_scene::{Scene, Stage};
use crate::judge::{Stats, Violation};

/// Clips a scene on a context, twice, and panics if a promise is broken.
pub fn prove(context: &Context, clip: Clip, scene: &Scene) -> Stats {
    let place = || format!("{clip} on {}", context.describe());
    let stage = scene.stage(context, clip);
    if !scene.served_by(context) {
        let refused = stage.map(drop);
        assert!(matches!(refused, Err(Error::Unsupported { .. })), "{refused:?}: {}", place());
        return Stats::default();
    }
    let stage = stage.unwrap_or_else(|error| panic!("{error}: {}", place()));
    prove_on(context, &stage, scene)
}

/// The same of a group that stands ready, at whatever radius it has now.
pub fn prove_on(context: &Context, stage: &Stage, scene: &Scene) -> Stats {
    let clip = stage.group.plan().request().clip;
    let place = || format!("{clip} on {}", context.describe());
    let judge = Judge::of(stage.group.plan(), context.as_gpu().is_none());
    let (once, found) = carry_out(stage, scene);
    let stats = expect(judge.check(scene, &once), place);
    if let Some(found) = found {
        check(&judge, scene, &found).unwrap_or_else(|wrong| {
            panic!("{wrong} in {found:?}: {}", place());
        });
    }
    let (twice, _) = carry_out(stage, &once);
    expect(judge.check_again(&once, &twice), place);
    stats
}

/// The scene after a run, and what was found.
pub fn carry_out(stage: &Stage, scene: &Scene) -> (Scene, Option<Found>) {
    let report = stage.group.run().expect("a group that is ready runs").wait();
    let found = Found::read(&stage.group, report);
    (Scene { memories: stage.memories(), ..scene.clone() }, found)
}

fn expect<T>(judged: Result<T, Vec<Violation>>, place: impl Fn() -> String) -> T {
    judged.unwrap_or_else(|violations| {
        let shown: Vec<String> =
            violations.iter().take(5).map(|v| format!("{:?}: {}", v.rule, v.detail)).collect();
        panic!("{} broken promises: {}\n{}", violations.len(), place(), shown.join("\n"))
    })
}

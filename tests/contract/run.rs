//! Runs a plan on a context and judges everything that it left behind.

use normproj::plan::request::{Output, Task};
use normproj::{Axes, Context, Layout, Norm, Plan, Report, Request, reference};

use crate::compare::{Memory, Stats, Violation, check, check_again};
use crate::report;

/// What a run left behind.
pub struct Outcome {
    /// The memory that was written.
    pub memory: Vec<f32>,
    /// The memory that was read, unless it is the same.
    pub source: Option<Vec<f32>>,
    pub report: Option<Report>,
}

/// Carries out a plan on copies of the two memories; in place, `target` is not looked at.
pub fn run(context: &Context, plan: &Plan, source: &[f32], target: &Memory) -> Outcome {
    let request = plan.request();
    let upload = |elements: &[f32]| context.upload(elements, [elements.len()]).expect("upload");
    let read_from = upload(source);
    let view = read_from.view(request.source).expect("the source lies inside its memory");
    let in_place = request.output == Output::InPlace;
    let written = if in_place { read_from.clone() } else { upload(target.elements) };
    let target =
        if in_place { view.clone() } else { written.view(*target.layout).expect("target") };
    let pending = context.run(plan, &view, &target).expect("a plan that fits runs");
    let report = request.report.then(|| pending.wait().expect("a report that was planned"));
    Outcome {
        memory: written.read().expect("read"),
        source: (!in_place).then(|| read_from.read().expect("read")),
        report,
    }
}

/// Runs a projection and panics if it breaks a promise.
pub fn prove(context: &Context, plan: &Plan, source: &[f32], target: &[f32]) -> Stats {
    let request = plan.request();
    let Task::Project(projection) = request.task else { panic!("not a projection: {request:?}") };
    let layout = match &request.output {
        Output::Into(target) => target,
        _ => &request.source,
    };
    let target = Memory {
        layout,
        elements: if request.output == Output::InPlace { source } else { target },
    };
    let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
    let outcome = run(context, plan, source, &target);
    if let Some(after) = &outcome.source {
        assert!(same_bits(source, after), "the source changed: {}", place());
    }
    let read = Memory { layout: &request.source, elements: source };
    let after = Memory { layout, elements: &outcome.memory };
    let stats = expect(check(&projection, plan.margin(), read, target, after), place);
    if request.output == Output::InPlace {
        let twice = run(context, plan, &outcome.memory, &target).memory;
        let twice = Memory { layout, elements: &twice };
        expect(check_again(&projection, plan.margin(), after, twice), place);
    }
    if let Some(found) = &outcome.report {
        report::check(found, plan, source, &stats).unwrap_or_else(|wrong| {
            panic!("{wrong} in {found:?}: {}", place());
        });
    }
    stats
}

/// A request for norms that go into the middle of a memory.
pub fn norms_of(axes: Axes, source: Layout) -> Request {
    let slices = reference::slices(axes, source.shape()).expect("valid axes").len();
    let norms = Layout::strided([slices], [1], 3).expect("one axis");
    Request::norms(Norm::L2, axes, source, norms)
}

/// Computes norms and panics if one is wrong, or anything else has changed.
pub fn prove_norms(context: &Context, plan: &Plan, source: &[f32]) {
    let request = plan.request();
    let exact = reference::norms(Norm::L2, request.axes(), source, &request.source).expect("valid");
    let layout = request.target();
    let before: Vec<f32> =
        (0..layout.offset() + exact.len() + 2).map(|i| -1.0 - i as f32).collect();
    let outcome = run(context, plan, source, &Memory { layout, elements: &before });
    let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
    assert!(same_bits(source, &outcome.source.expect("out of place")), "{}", place());
    let norms = layout.offset()..layout.offset() + exact.len();
    let (found, end) = (&outcome.memory, norms.end);
    assert!(found[..norms.start] == before[..norms.start] && found[end..] == before[end..]);
    for (slice, (&found, exact)) in found[norms].iter().zip(exact).enumerate() {
        let right =
            report::same_norm(f64::from(found), exact, plan.geometry().length(), plan.margin());
        assert!(right, "slice {slice}: norm {found:e}, exactly {exact:e}: {}", place());
    }
}

/// Payloads of NaN and signs of zeros too.
pub fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn expect<T>(judged: Result<T, Vec<Violation>>, place: impl Fn() -> String) -> T {
    judged.unwrap_or_else(|violations| {
        let shown: Vec<String> =
            violations.iter().take(5).map(|v| format!("{:?}: {}", v.rule, v.detail)).collect();
        panic!("{} broken promises: {}\n{}", violations.len(), place(), shown.join("\n"))
    })
}

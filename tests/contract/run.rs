//! Runs a plan on a context and judges everything that it left behind.

use normproj::plan::profile::DeviceKind;
use normproj::plan::request::{Output, Task};
use normproj::{
    Axes, Context, DType, DeviceBuffer, Layout, Norm, Plan, Report, Request, reference,
};

use crate::judge::{
    Memory, Stats, Violation, Wanted, check, check_again, check_with_radii, same_norm,
};
use crate::values::{Value, least_normal};

/// What a run left behind.
pub struct Outcome<T> {
    /// The memory that was written.
    pub memory: Vec<T>,
    /// The memory that was read, unless it is the same.
    pub source: Option<Vec<T>>,
    pub report: Option<Report>,
}

/// Whether a context projects tensors of a dtype.
pub fn serves(context: &Context, dtype: DType) -> bool {
    match context.profile().kind {
        DeviceKind::Gpu(limits) => dtype != DType::F64 || limits.doubles,
        DeviceKind::Native { .. } => true,
    }
}

/// The plan that the library chooses, and others that it could: all of them on the CPU. On a GPU
/// most need programs of their own to be compiled, so there it is one, picked by `seed`, and none for
/// many slices, which software adapters would take minutes for at a workgroup each; nor for elements of
/// 16 bits, whose schedules `tests/gpu/halves` runs.
pub fn plans(context: &Context, request: &Request, seed: u64) -> Vec<Plan> {
    if context.as_gpu().is_some() && request.dtype.size() == 2 {
        return vec![context.plan(request).expect("a valid request")];
    }
    let mut plans = all_plans(context, request);
    if context.as_gpu().is_some() && plans.len() > 1 {
        let picked = plans.swap_remove(1 + seed as usize % (plans.len() - 1));
        plans.truncate(1);
        plans.extend((picked.geometry().slices() <= 4096).then_some(picked));
    }
    plans
}

/// The plan that the library chooses, and one for every legal schedule.
pub fn all_plans(context: &Context, request: &Request) -> Vec<Plan> {
    let profile = context.profile();
    let forced = |schedule| Plan::with_schedule(request, profile, schedule).expect("it is legal");
    let legal = Plan::legal_schedules(request, profile).expect("a valid request");
    let chosen = context.plan(request).expect("a valid request");
    std::iter::once(chosen).chain(legal.into_iter().map(forced)).collect()
}

/// Carries out a plan on copies of the two memories; in place, `target` is not looked at.
pub fn run<T: Value>(
    context: &Context,
    plan: &Plan,
    source: &[T],
    target: &Memory<T>,
) -> Outcome<T> {
    run_with_radii(context, plan, source, target, None)
}

/// [`run`] with the memory of radii.
pub fn run_with_radii<T: Value>(
    context: &Context,
    plan: &Plan,
    source: &[T],
    target: &Memory<T>,
    radii: Option<&[f64]>,
) -> Outcome<T> {
    let radii = radii.map(|radii| upload_radii(context, plan, radii));
    let request = plan.request();
    let upload = |elements: &[T]| context.upload_as(elements, [elements.len()]).expect("upload");
    let read_from = upload(source);
    let view = read_from.view(request.source).expect("the source lies inside its memory");
    let in_place = request.output == Output::InPlace;
    let written = if in_place { read_from.clone() } else { upload(target.elements) };
    let target =
        if in_place { view.clone() } else { written.view(*target.layout).expect("target") };
    let pending = context.run_with_radii(plan, &view, &target, radii.as_ref());
    let pending = pending.expect("a plan that fits runs");
    let report = request.report.then(|| pending.wait().expect("a report that was planned"));
    Outcome {
        memory: written.read_as().expect("read"),
        source: (!in_place).then(|| read_from.read_as().expect("read")),
        report,
    }
}

/// Radii as a plan expects them, of the memory that holds them.
fn upload_radii(context: &Context, plan: &Plan, radii: &[f64]) -> DeviceBuffer {
    let request = plan.request();
    let memory = match request.radii_dtype() {
        DType::F64 => context.upload_as(radii, [radii.len()]),
        _ => context.upload(&radii.iter().map(|&r| r as f32).collect::<Vec<_>>(), [radii.len()]),
    };
    let layout = request.radii.expect("a plan with radii");
    memory.expect("upload").view(layout).expect("the radii lie inside their memory")
}

/// Runs a projection and panics if it breaks a promise.
pub fn prove<T: Value>(context: &Context, plan: &Plan, source: &[T], target: &[T]) -> Stats {
    prove_with_radii(context, plan, source, target, None)
}

/// [`prove`] with the memory of radii, as f64 that f32 holds where a plan takes that.
pub fn prove_with_radii<T: Value>(
    context: &Context,
    plan: &Plan,
    source: &[T],
    target: &[T],
    radii: Option<&[f64]>,
) -> Stats {
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
    let of_slices = request.radii.zip(radii).map(|(layout, memory)| {
        reference::places(&layout).into_iter().map(|place| memory[place]).collect::<Vec<_>>()
    });
    let wanted = Wanted { projection: &projection, radii: of_slices.as_deref() };
    let outcome = run_with_radii(context, plan, source, &target, radii);
    if let Some(after) = &outcome.source {
        assert!(same_bits(source, after), "the source changed: {}", place());
    }
    let read = Memory { layout: &request.source, elements: source };
    let after = Memory { layout, elements: &outcome.memory };
    let stats = expect(check(wanted, plan.margin(), read, target, after), place);
    if request.output == Output::InPlace {
        let twice = run_with_radii(context, plan, &outcome.memory, &target, radii).memory;
        let twice = Memory { layout, elements: &twice };
        expect(check_again(wanted, plan.margin(), read, after, twice), place);
    }
    if let Some(found) = &outcome.report {
        let radii = wanted.radii;
        check_with_radii(found, plan, source, &stats, radii).unwrap_or_else(|wrong| {
            panic!("{wrong} in {found:?}: {}", place());
        });
    }
    stats
}

/// A request for norms that go into the middle of a memory.
pub fn norms_of(norm: Norm, axes: Axes, source: Layout) -> Request {
    let slices = reference::slices(axes, source.shape()).expect("valid axes").len();
    let norms = Layout::strided([slices], [1], 3).expect("one axis");
    Request::norms(norm, axes, source, norms)
}

/// Computes norms and panics if one is wrong, or anything else has changed. `N` is their dtype.
pub fn prove_norms<T: Value, N: Value>(context: &Context, plan: &Plan, source: &[T]) {
    let request = plan.request();
    let norm = request.norm();
    let exact = reference::norms(norm, request.axes(), source, &request.source).expect("valid");
    let layout = request.target();
    let before: Vec<N> =
        (0..layout.offset() + exact.len() + 2).map(|i| N::of(-1.0 - i as f64)).collect();
    let upload = context.upload_as(source, [source.len()]).expect("upload");
    let norms = context.upload_as(&before, [before.len()]).expect("upload");
    let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
    let (from, to) =
        (upload.view(request.source).expect("view"), norms.view(*layout).expect("view"));
    let _ = context.run(plan, &from, &to).expect("a plan that fits runs");
    assert!(same_bits(source, &upload.read_as::<T>().expect("read")), "{}", place());
    let found = norms.read_as::<N>().expect("read");
    let inside = layout.offset()..layout.offset() + exact.len();
    let end = inside.end;
    assert!(same_bits(&found[..inside.start], &before[..inside.start]), "{}", place());
    assert!(same_bits(&found[end..], &before[end..]), "{}", place());
    // An adapter may take subnormal elements for zeros, of which small powers are no smaller than of others.
    let flushed: Vec<T> = source
        .iter()
        .map(|&x| if x.wide().abs() < least_normal(T::DTYPE) { T::of(0.0) } else { x })
        .collect();
    let least = reference::norms(norm, request.axes(), &flushed, &request.source).expect("valid");
    for (slice, (found, (exact, least))) in
        found[inside].iter().zip(exact.into_iter().zip(least)).enumerate()
    {
        let (found, length) = (found.wide(), plan.geometry().length());
        let same = |exact| same_norm::<T>(found, exact, norm, length, plan.margin());
        let right = same(exact) || context.as_gpu().is_some() && same(least);
        assert!(right, "slice {slice}: norm {found:e}, exactly {exact:e}: {}", place());
    }
}

/// Payloads of NaN and signs of zeros too.
pub fn same_bits<T: Value>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.bits() == b.bits())
}

fn expect<R>(judged: Result<R, Vec<Violation>>, place: impl Fn() -> String) -> R {
    judged.unwrap_or_else(|violations| {
        let shown: Vec<String> =
            violations.iter().take(5).map(|v| format!("{:?}: {}", v.rule, v.detail)).collect();
        panic!("{} broken promises: {}\n{}", violations.len(), place(), shown.join("\n"))
    })
}

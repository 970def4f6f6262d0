//! Hyperplanes, half-spaces and lines, on every context.

mod edges;
mod errors;
pub mod golden;
mod judge;
mod judge_tests;
mod points;
mod properties;
mod report;

use normproj::plan::request::{Output, Task};
use normproj::{Context, DType, Layout, Plan, Projection, Report, Request};

use crate::run::{plans, same_bits};
use crate::values::Value;
use judge::{Scene, judge};

/// A tensor in its memory.
#[derive(Clone, Copy)]
pub struct Tensor<'a, T> {
    pub layout: &'a Layout,
    pub elements: &'a [T],
}

/// What a run left behind.
pub struct Outcome<T> {
    pub memory: Vec<T>,
    pub report: Option<Report>,
}

/// The offsets of a plan that has some in memory, contiguous.
fn upload_radii(context: &Context, plan: &Plan, radii: &[f64]) -> normproj::DeviceBuffer {
    let radii = match plan.request().radii_dtype() {
        DType::F64 => context.upload_as(radii, [radii.len()]),
        _ => context.upload(&radii.iter().map(|&r| r as f32).collect::<Vec<_>>(), [radii.len()]),
    };
    radii.expect("upload")
}

/// Carries out a plan; the source and the direction must keep their bits. In place, `room` is not looked at.
pub fn run<T: Value>(
    context: &Context,
    plan: &Plan,
    source: &[T],
    room: &[T],
    direction: Tensor<T>,
    radii: Option<&[f64]>,
) -> Outcome<T> {
    let radii = radii.map(|radii| upload_radii(context, plan, radii));
    let request = plan.request();
    let upload = |elements: &[T]| context.upload_as(elements, [elements.len()]).expect("upload");
    let read_from = upload(source);
    let beside = upload(direction.elements);
    let written = if request.output == Output::InPlace { read_from.clone() } else { upload(room) };
    let view = read_from.view(request.source).expect("inside its memory");
    let target = written.view(*request.target()).expect("inside its memory");
    let along = beside.view(*direction.layout).expect("inside its memory");
    let pending = context.run_along_with_radii(plan, &view, &target, &along, radii.as_ref());
    let pending = pending.expect("a plan that fits runs");
    let report = request.report.then(|| pending.wait().expect("a report that was planned"));
    let kept = |buffer: &normproj::DeviceBuffer, before: &[T]| {
        let after: Vec<T> = buffer.read_as().expect("read");
        assert!(same_bits(&after, before), "what is only read has changed: {}", plan.explain());
    };
    kept(&beside, direction.elements);
    if request.output != Output::InPlace {
        kept(&read_from, source);
    }
    Outcome { memory: written.read_as().expect("read"), report }
}

/// Runs a request by the chosen plan and others, and panics if a promise is broken.
pub fn prove<T: Value>(
    context: &Context,
    request: &Request,
    source: &[T],
    room: &[T],
    direction: Tensor<T>,
    radii: Option<&[f64]>,
    seed: u64,
) {
    let mut request = request.of(T::DTYPE).along(*direction.layout);
    request.radii = radii.map(|radii| Layout::contiguous([radii.len()]).expect("small"));
    for plan in plans(context, &request, seed) {
        let outcome = run(context, &plan, source, room, direction, radii);
        let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
        let scene = Scene { radii, ..scene(&plan, source, room, direction) };
        let counts = judge(&scene, &outcome.memory).unwrap_or_else(|wrong| {
            panic!(
                "{} broken promises: {}\n{}",
                wrong.len(),
                place(),
                wrong[..wrong.len().min(5)].join("\n")
            )
        });
        if let Some(found) = &outcome.report {
            report::check(found, &counts)
                .unwrap_or_else(|wrong| panic!("{wrong} in {found:?}: {}", place()));
        }
    }
}

pub fn scene<'a, T: Value>(
    plan: &'a Plan,
    source: &'a [T],
    room: &'a [T],
    direction: Tensor<'a, T>,
) -> Scene<'a, T> {
    let request = plan.request();
    let Task::Project(projection) = request.task else { panic!("no projection: {request:?}") };
    let before = if request.output == Output::InPlace { source } else { room };
    Scene {
        projection,
        radii: None,
        margin: plan.margin(),
        source: Tensor { layout: &request.source, elements: source },
        direction,
        target: request.target(),
        before,
    }
}

/// A contiguous tensor and its direction by the chosen plan and others.
pub fn prove_in_place<T: Value>(
    context: &Context,
    projection: Projection,
    shape: &[usize],
    source: &[T],
    (along, direction): (&[usize], &[T]),
) {
    let layout = Layout::contiguous(shape).expect("small");
    let along = Layout::contiguous(along).expect("small");
    let request = Request::in_place(projection, layout).with_report();
    let direction = Tensor { layout: &along, elements: direction };
    prove(context, &request, source, &[], direction, None, 3);
}

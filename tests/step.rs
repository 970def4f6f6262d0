//! Rules for a whole model, on the CPU backend and on every adapter. Skips, loudly, where there is
//! none; `NORMPROJ_REQUIRE_ADAPTER=1` makes that a failure.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use normproj::plan::step::StepPlan;
use normproj::{
    Axes, Clip, Context, DeviceBuffer, DeviceProfile, Error, Layout, Model, ModelStep, Operation,
    Projection, Rules, WeightLayout, adapters,
};

/// Opened once; one test works on them at a time.
fn contexts() -> MutexGuard<'static, Vec<Context>> {
    static CONTEXTS: Mutex<Vec<Context>> = Mutex::new(Vec::new());
    let mut contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if contexts.is_empty() {
        let found = adapters();
        if found.is_empty() {
            let required = std::env::var_os("NORMPROJ_REQUIRE_ADAPTER").is_some_and(|v| v == "1");
            assert!(!required, "no adapter was found, and NORMPROJ_REQUIRE_ADAPTER=1");
            let _ = writeln!(std::io::stderr(), "skipped: rules on a GPU (no adapter)");
        }
        contexts.push(Context::cpu());
        contexts.extend(found.iter().map(|adapter| Context::on(adapter).expect("it opens")));
        for context in contexts.iter() {
            let _ = writeln!(std::io::stderr(), "tested on: {}", context.describe());
        }
    }
    contexts
}

const NAMES: [&str; 5] = ["a.kernel", "a.bias", "b.kernel", "b.bias", "scale"];

/// Weights of two layers and a scale.
fn tensors(context: &Context) -> Vec<DeviceBuffer> {
    let shapes: [&[usize]; 5] = [&[4, 3], &[3], &[3, 2], &[2], &[5]];
    let tensor = |shape: &&[usize]| {
        let count: usize = shape.iter().product();
        let host: Vec<f32> = (0..count).map(|i| i as f32 - 1.5).collect();
        context.upload(&host, shape).unwrap()
    };
    shapes.iter().map(tensor).collect()
}

fn model(context: &Context, tensors: &[DeviceBuffer]) -> Model {
    Model::new(context, NAMES.into_iter().zip(tensors)).unwrap()
}

fn rules() -> Rules {
    Rules::new()
        .rule("*.kernel", Projection::max_norm(1.0, Axes::per_unit(WeightLayout::Keras)))
        .rule("*.bias", Clip::global_norm(0.5))
        .rule("scale", Clip::value(-1.0, 1.0))
}

fn bits(tensors: &[DeviceBuffer]) -> Vec<Vec<u32>> {
    let of = |tensor: &DeviceBuffer| tensor.read().unwrap().into_iter().map(f32::to_bits).collect();
    tensors.iter().map(of).collect()
}

/// What the operations give one by one.
fn one_by_one(context: &Context) -> Vec<Vec<u32>> {
    let tensors = tensors(context);
    let projection = Projection::max_norm(1.0, 0);
    context.project(&projection, &tensors[0]).unwrap();
    context.project(&projection, &tensors[2]).unwrap();
    for (clip, members) in [(Clip::global_norm(0.5), &[1, 3][..]), (Clip::value(-1.0, 1.0), &[4])] {
        let members = members.iter().map(|&i| &tensors[i]);
        let group = normproj::Group::new(clip, &Model::unnamed(context, members).unwrap());
        drop(group.unwrap().run().unwrap());
    }
    bits(&tensors)
}

#[test]
fn a_step_is_its_operations() {
    for context in contexts().iter() {
        let tensors = tensors(context);
        let step = ModelStep::with_report(&rules(), &model(context, &tensors)).unwrap();
        let report = step.run().unwrap().wait().unwrap();
        assert_eq!(bits(&tensors), one_by_one(context), "{}", context.describe());
        let names: Vec<&str> = report.tensors().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.kernel", "b.kernel"]);
        assert_eq!(report.tensor("a.kernel").map(|report| report.slices), Some(3));
        assert_eq!(report.tensor("a.bias"), None);
        // A clip by value computes no norm.
        let groups: Vec<_> = report.groups().collect();
        assert_eq!((groups.len(), groups[0].0), (1, "*.bias"));
        let exact = (1.5f64.powi(2) * 2.0 + 0.25 * 3.0).sqrt();
        assert!((groups[0].1.total().norm - exact).abs() < 1e-5 * exact);
        // Again: only the global norm is at the rim, and stays there.
        let once = bits(&tensors);
        step.run().unwrap().wait().unwrap();
        assert_eq!(bits(&tensors), once);
        let unreported = ModelStep::new(&rules(), step.model()).unwrap();
        assert_eq!(unreported.run().unwrap().wait(), Err(Error::NoReport));
        assert_eq!(step.explain(), step.plan().explain());
    }
}

#[test]
fn a_step_is_bound_to_other_tensors() {
    for context in contexts().iter() {
        let first = tensors(context);
        let step = ModelStep::with_report(&rules(), &model(context, &first)).unwrap();
        let second = tensors(context);
        let rebound = step.rebind(&model(context, &second)).unwrap();
        rebound.run().unwrap().wait().unwrap();
        assert_eq!(bits(&second), one_by_one(context));
        assert_eq!(bits(&first), bits(&tensors(context)));
        let fewer = Model::unnamed(context, &second[..4]).unwrap();
        assert!(matches!(step.rebind(&fewer), Err(Error::PlanMismatch { .. })));
        let other = [&second[0], &second[1], &second[2], &second[3], &second[3]];
        let other = Model::new(context, NAMES.into_iter().zip(other)).unwrap();
        assert!(matches!(step.rebind(&other), Err(Error::PlanMismatch { .. })));
    }
}

#[test]
fn a_step_is_recorded_into_the_caller_s_pass() {
    for context in contexts().iter() {
        let tensors = tensors(context);
        let step = ModelStep::with_report(&rules(), &model(context, &tensors)).unwrap();
        let (Some(gpu), Some(bound)) = (context.as_gpu(), step.as_gpu()) else {
            assert!(context.as_gpu().is_none() && step.as_gpu().is_none());
            continue;
        };
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        bound.record(&mut encoder.begin_compute_pass(&Default::default()));
        let report = bound.report(&mut encoder).unwrap();
        gpu.queue().submit([encoder.finish()]);
        assert_eq!(report.wait().unwrap().tensors().len(), 2);
        assert_eq!(bits(&tensors), one_by_one(context));
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        bound.record_pass(&mut encoder);
        let report = bound.report(&mut encoder).unwrap();
        drop(encoder);
        assert_eq!(report.wait(), Err(Error::NotSubmitted));
        let unreported = ModelStep::new(&rules(), step.model()).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let none = unreported.as_gpu().unwrap().report(&mut encoder);
        assert_eq!(none.err(), Some(Error::NoReport));
    }
}

#[test]
fn elements_are_worked_on_under_one_name() {
    for context in contexts().iter() {
        let embedding = context.upload(&[3.0, 4.0], [1, 2]).unwrap();
        let head = embedding.view(Layout::contiguous([2]).unwrap()).unwrap();
        let model = Model::new(context, [("embedding", &embedding), ("head", &head)]).unwrap();
        let clip = Clip::global_norm(1.0);
        let both = |rules: &Rules| ModelStep::new(rules, &model).map(drop);
        let shared = Error::SharedElements { first: "embedding".into(), second: "head".into() };
        assert_eq!(both(&Rules::new().rule("*", clip)), Err(shared.clone()));
        let apart = Rules::new().rule("embedding", Projection::max_norm(1.0, 1)).rule("head", clip);
        assert_eq!(both(&apart), Err(shared));
        for operation in [Operation::Tied, Operation::Leave] {
            both(&Rules::new().rule("head", operation).rule("*", clip)).unwrap();
        }
        both(&Rules::new().rule("embedding", clip)).unwrap();
    }
}

#[test]
fn what_is_wrong_names_the_tensor() {
    let context = Context::cpu();
    let tensors = tensors(&context);
    let model = model(&context, &tensors);
    let fails = |rules: Rules| ModelStep::new(&rules, &model).map(drop).unwrap_err();
    let named = |operation: Projection| match fails(Rules::new().rule("*", operation)) {
        Error::Named { name, error } => (name, *error),
        other => panic!("{other}"),
    };
    let (name, error) = named(Projection::max_norm(1.0, 1));
    assert_eq!(name, "a.bias");
    assert!(matches!(error, Error::AxisOutOfRange { axis: 1, .. }), "{error}");
    assert!(matches!(named(Projection::max_norm(-1.0, 0)).1, Error::Radius { .. }));
    let clip = fails(Rules::new().rule("*", Clip::global_norm(f64::NAN)));
    assert!(matches!(clip, Error::Radius { .. }), "{clip}");
    let pattern = "c.*".to_string();
    assert_eq!(fails(rules().rule("c.*", Operation::Leave)), Error::NoMatch { pattern });
    assert!(matches!(fails(rules().rule("a.*", Operation::Leave)), Error::Shadowed { .. }));
}

#[test]
fn a_plan_needs_no_device() {
    let layouts: Vec<(&str, Layout)> = [[3, 3, 64, 128].as_slice(), &[1024, 512], &[512], &[]]
        .into_iter()
        .zip(["conv.kernel", "dense.kernel", "dense.bias", "step"])
        .map(|(shape, name)| (name, Layout::contiguous(shape).unwrap()))
        .collect();
    let rules = Rules::new()
        .rule("*kernel", Projection::max_norm(3.0, 0))
        .rule("*bias", Clip::each_norm(1.0));
    let plan = StepPlan::new(&rules, layouts.clone(), &DeviceProfile::h200()).unwrap();
    let text = plan.explain();
    let lines: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "conv.kernel [3, 3, 64, 128] 24576 × 3 *kernel max-norm 3 in L2 over axes [0]",
        "dense.kernel [1024, 512] 512 × 1024 *kernel max-norm 3 in L2 over axes [0]",
        "dense.bias [512] 1 × 512 *bias clip each tensor by norm 1 in L2",
        "step [] - - left: no rule matches",
        "3 of 4 tensors, 598528 elements, on NVIDIA H200",
        "left, because no rule matches: step",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line:?} in {text}");
    }
    assert!(text.contains(" dispatches; "), "{text}");
    assert_eq!(plan.warnings().len(), 1);
    assert!(plan.warnings()[0].contains("rank 2 and 4"), "{text}");
    let twice = [layouts[0], layouts[0]];
    let name = "conv.kernel".to_string();
    let error = StepPlan::new(&rules, twice, &DeviceProfile::h200()).unwrap_err();
    assert_eq!(error, Error::SameName { name });
}

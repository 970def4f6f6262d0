//! Clipping against what TensorFlow, Keras, PyTorch and Optax return (see `tests/data/golden`).

use std::collections::BTreeMap;

use normproj::{Axes, Context, DType, Error, Layout, OnNonFinite, Projection, Request, reference};

use crate::clip_bounds::Bounds;
use crate::clip_compare::Judge;
use crate::clip_golden_case::Fate::{
    self, Compared, NonFinite, OnlyThePeerRefuses, PeerFails, Refused, RefusedByReport,
    TensorBounds,
};
use crate::clip_report::Found;
use crate::clip_run::{carry_out, prove};
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::golden_case::{Array, Files, Golden, Tolerance};
use crate::judge::Memory;
use crate::run;
use crate::values::{Value, for_dtype, least_normal};

/// What is run of each operation, and what is left out; written down, so that no case is lost in
/// silence.
pub const EXPECTED: [(&str, &[(Fate, usize)]); 14] = [
    ("keras_opt_clipnorm", &[(Compared, 5), (NonFinite, 2)]),
    ("keras_opt_clipvalue", &[(Compared, 2)]),
    ("keras_opt_global_clipnorm", &[(Compared, 5), (NonFinite, 2)]),
    ("optax_clip", &[(Compared, 2), (Refused, 1)]),
    ("optax_clip_by_global_norm", &[(Compared, 26), (NonFinite, 4), (Refused, 2)]),
    ("optax_tree_norm", &[(Compared, 24), (NonFinite, 4), (PeerFails, 2)]),
    ("tf_clip_by_global_norm", &[(Compared, 29), (NonFinite, 5), (PeerFails, 2), (Refused, 3)]),
    ("tf_clip_by_norm", &[(Compared, 44), (NonFinite, 5), (PeerFails, 4), (Refused, 6)]),
    ("tf_clip_by_value", &[(Compared, 6), (Refused, 1), (TensorBounds, 3)]),
    ("tf_global_norm", &[(Compared, 13), (NonFinite, 4), (PeerFails, 1)]),
    ("tf_l2_loss", &[(Compared, 17), (NonFinite, 4), (PeerFails, 2)]),
    (
        "torch_clip_grad_norm",
        &[
            (Compared, 59),
            (NonFinite, 8),
            (PeerFails, 1),
            (Refused, 3),
            (RefusedByReport, 2),
            (OnlyThePeerRefuses, 2),
        ],
    ),
    ("torch_clip_grad_value", &[(Compared, 3), (Refused, 1)]),
    (
        "torch_get_total_norm",
        &[(Compared, 23), (NonFinite, 4), (PeerFails, 1), (OnlyThePeerRefuses, 2)],
    ),
];

fn cases(files: &Files) -> impl Iterator<Item = &Golden> {
    files.cases.iter().filter(|case| EXPECTED.iter().any(|(op, _)| *op == case.op))
}

/// The cases of f64 that every backend with f64 runs.
const DOUBLE: usize = 12;

#[test]
fn peers_agree_within_their_rounding() {
    let files = Files::open();
    let mut counts: BTreeMap<&str, BTreeMap<Fate, usize>> = BTreeMap::new();
    // Of each context, in their order: some have one name.
    let mut double: BTreeMap<usize, usize> = BTreeMap::new();
    for case in cases(&files) {
        let fate = case.fate(&files);
        *counts.entry(&case.op).or_default().entry(fate).or_default() += 1;
        contexts().enumerate().for_each(|(number, context)| match fate {
            Refused => refused(context, case, &files),
            RefusedByReport => refused_by_report(context, case, &files),
            fate if fate.runs() => {
                compare(context, case, fate, &files);
                if case.dtype() == DType::F64 && run::serves(context, DType::F64) {
                    *double.entry(number).or_default() += 1;
                }
            }
            _ => (),
        });
    }
    counts.iter().for_each(|(op, counts)| say(&format!("golden cases of {op}: {counts:?}")));
    say(&format!("golden cases of clips of f64 on each context with f64: {double:?}"));

    let expected = EXPECTED.map(|(op, fates)| (op, fates.iter().copied().collect()));
    assert_eq!(counts, BTreeMap::from(expected));
    let with_f64 = contexts().filter(|context| run::serves(context, DType::F64)).count();
    assert!(double.len() == with_f64 && double.values().all(|&count| count == DOUBLE));
}

/// The tensors of a case. Where they lie is no matter of formulas, and one memory takes the fewest
/// programs.
fn scene(case: &Golden, files: &Files) -> Scene {
    let with = |scene: Scene, input: &Array| for_dtype!(input.dtype(), T => scene.and_beside(&files.elements::<T>(input)));
    case.inputs.iter().fold(Scene::empty(), with)
}

fn refused(context: &Context, case: &Golden, files: &Files) {
    let error = match case.op.as_str() {
        "tf_clip_by_norm" => {
            let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
            let radius = case.clip_radius().expect("a radius");
            let projection = Projection::clip_norm(radius, case.axes()).compat(case.compat());
            context.plan(&Request::in_place(projection, layout)).err()
        }
        _ if case.norm().is_err() => case.norm().err(),
        _ => scene(case, files).stage(context, case.clip()).err(),
    };
    let expected = matches!(
        error,
        Some(
            Error::Radius { .. }
                | Error::Bounds { .. }
                | Error::GivenNorm { .. }
                | Error::Power { .. }
                | Error::AxisOutOfRange { .. }
                | Error::AxisTwice { .. }
        )
    );
    assert!(expected, "{}: {error:?}", case.name);
}

fn refused_by_report(context: &Context, case: &Golden, files: &Files) {
    let scene = scene(case, files);
    let stage = scene.stage(context, case.clip()).expect("valid");
    let (after, found) = carry_out(&stage, &scene);
    let checked = found.expect("a report").report.checked();
    assert!(matches!(checked, Err(Error::NonFinite { .. })), "{}: {checked:?}", case.name);
    assert_eq!(after.memories, scene.memories, "{}: nothing may be written", case.name);
}

fn compare(context: &Context, case: &Golden, fate: Fate, files: &Files) {
    if case.op == "tf_clip_by_norm" {
        if run::serves(context, case.dtype()) {
            for_dtype!(case.dtype(), T => compare_slices::<T>(context, case, fate, files));
        }
        if case.axes() != Axes::all() {
            return;
        }
    }
    let scene = scene(case, files);
    // By our own formula: inside, its own bits; with NaN too. The peer decides nothing of that. Where
    // there is no f64 this is refused.
    prove(context, case.clip(), &scene);
    if fate == NonFinite
        && ["tf_clip_by_global_norm", "keras_opt_global_clipnorm"].contains(&case.op.as_str())
    {
        let poison = case.clip().compat(case.compat()).on_non_finite(OnNonFinite::Poison);
        prove(context, poison, &scene);
        let all_nan = |array: &Array| files.values(array).iter().all(|y| y.is_nan());
        assert!(case.outputs.iter().take(scene.tensors.len()).all(all_nan), "{}", case.name);
    }
    if fate != Compared || !scene.served_by(context) {
        return;
    }
    for (clip, native) in [(case.clip(), true), (case.clip().compat(case.compat()), false)] {
        let stage = scene.stage(context, clip).expect("valid");
        let (after, found) = carry_out(&stage, &scene);
        let judge = Judge::of(stage.group.plan(), true);
        let beside = if native { beside(case, &judge, &scene) } else { Vec::new() };
        let place = format!("{clip} on {}", context.describe());
        agrees(case, files, &outputs(case, &after, found), beside, &place);
    }
}

/// The slices of a tensor, as a projection.
fn compare_slices<T: Value>(context: &Context, case: &Golden, fate: Fate, files: &Files) {
    let input: Vec<T> = files.elements(&case.inputs[0]);
    let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let native = Projection::clip_norm(case.clip_radius().expect("a radius"), case.axes());
    for (projection, native) in [(native, true), (native.compat(case.compat()), false)] {
        let request = Request::in_place(projection, layout).of(T::DTYPE);
        let plan = context.plan(&request).expect("a valid request");
        run::prove(context, &plan, &input, &[]);
        if fate == Compared {
            let memory = Memory { layout: &layout, elements: &input };
            let found = run::run(context, &plan, &input, &memory).memory;
            let found = found.iter().map(|y| y.wide()).collect();
            let beside = if native { 2.0 * plan.margin().kappa } else { 0.0 };
            let place = format!("{projection} on {}", context.describe());
            agrees(case, files, &[found], vec![beside], &place);
        }
    }
}

/// Panics unless this is what the peer returned, in its own precision or in f64.
fn agrees(case: &Golden, files: &Files, found: &[Vec<f64>], beside: Vec<f64>, place: &str) {
    let off = |arrays: &Vec<Array>| far(found, &peers(files, arrays), &Allowed::of(case, &beside));
    let wrong = off(&case.outputs);
    let in_f64 = case.outputs_f64peer.as_ref().map(off);
    let matches = wrong.is_none() || in_f64.is_some_and(|wrong| wrong.is_none());
    assert!(matches, "{} by {place}: {}", case.name, wrong.unwrap_or_default());
}

/// What a peer returned, or what is compared with it.
fn peers(files: &Files, arrays: &[Array]) -> Vec<Vec<f64>> {
    arrays.iter().map(|array| files.values(array)).collect()
}

/// What a peer returns: the tensors, then the norm, or a number alone, of the dtype that it has there.
fn outputs(case: &Golden, after: &Scene, found: Option<Found>) -> Vec<Vec<f64>> {
    let mut outputs: Vec<Vec<f64>> =
        after.elements().into_iter().map(|tensor| tensor.values).collect();
    let dtype = case.outputs.last().expect("an output").dtype();
    let number = |stored: f64| for_dtype!(dtype, T => vec![T::of(stored).wide()]);
    match (case.op.as_str(), found) {
        ("tf_clip_by_global_norm" | "torch_clip_grad_norm", Some(found)) => {
            outputs.push(number(found.norm));
        }
        ("tf_global_norm" | "torch_get_total_norm" | "optax_tree_norm", Some(found)) => {
            outputs = vec![number(found.norm)];
        }
        ("tf_l2_loss", Some(found)) => {
            let half = found.half_square.expect("of the L2 norm");
            outputs = vec![number(half)];
        }
        _ => (),
    }
    outputs
}

/// Our own margin and the peer's epsilon, relatively, for each tensor: what our own formula may be
/// off by beside the rounding of the peer.
fn beside(case: &Golden, judge: &Judge, scene: &Scene) -> Vec<f64> {
    let exact = reference::clip(&judge.clip, &scene.elements(), None).expect("valid");
    let epsilon = judge.clip.compat(case.compat()).epsilon();
    let of_tensor = |(i, own): (usize, &f64)| {
        let global = judge.clip.is_global();
        let group = if global { 0..scene.tensors.len() } else { i..i + 1 };
        let norm = if global { exact.total } else { *own };
        match judge.clip.norm_used().is_some() && norm > 0.0 {
            true => Bounds::new(judge, scene, &group).relative() + epsilon / norm,
            false => 0.0,
        }
    };
    exact.norms.iter().enumerate().map(of_tensor).collect()
}

/// How far a result may be from the peer's.
struct Allowed {
    /// Of each output.
    outputs: Vec<(DType, Tolerance)>,
    /// Relatively, for each tensor; nothing for what comes after them.
    beside: Vec<f64>,
    /// Elements that an adapter, or the peer, may take for zero: subnormal numbers.
    count: usize,
}

impl Allowed {
    fn of(case: &Golden, beside: &[f64]) -> Allowed {
        let elements: usize =
            case.inputs.iter().map(|array| array.shape.iter().product::<usize>()).sum();
        let of = |array: &Array| (array.dtype(), case.tolerance_of(array.dtype()));
        Allowed {
            outputs: case.outputs.iter().map(of).collect(),
            beside: beside.to_vec(),
            count: if case.tagged("subnormal_in") { elements.max(1) } else { 1 },
        }
    }
}

/// The spacing of a dtype at 1, and its least normal number.
fn spacing(dtype: DType) -> (f64, f64) {
    let normal = |exponent: u32| 2f64.powi(2 - (1 << (exponent - 1)));
    for_dtype!(dtype, T => (2f64.powi(-(T::MANTISSA as i32)), normal(T::EXPONENT)))
}

/// What is further from the peer than is allowed.
fn far(found: &[Vec<f64>], peer: &[Vec<f64>], allowed: &Allowed) -> Option<String> {
    if found.len() != peer.len() {
        return Some(format!("{} outputs, the peer's {}", found.len(), peer.len()));
    }
    for (number, (found, peer)) in found.iter().zip(peer).enumerate() {
        let beside = allowed.beside.get(number).copied().unwrap_or(0.0);
        let (dtype, tol) = allowed.outputs[number];
        let ((eps, normal), floor) = (spacing(dtype), allowed.count as f64 * least_normal(dtype));
        let (mut off, mut whole) = (0.0, 0.0);
        for (i, (&y, &expected)) in found.iter().zip(peer).enumerate() {
            if y == expected || y.is_nan() && expected.is_nan() {
                continue;
            }
            let scale = y.abs().max(expected.abs()).max(normal);
            let error = (y - expected).abs();
            let most = (tol.ulp * eps + beside) * scale + floor;
            // A NaN is never within.
            if !matches!(most - error, 0.0..) {
                return Some(format!("output {number}, {i}: {y:e}, the peer's {expected:e}"));
            }
            off += error * error;
            whole += ((tol.rel_l2 + beside) * scale + floor).powi(2);
        }
        if off > whole {
            return Some(format!("output {number} is off by {:e}", (off / whole).sqrt()));
        }
    }
    None
}

#[test]
fn an_error_of_sixteen_spacings_is_caught() {
    let files = Files::open();
    let (mut compared, mut caught) = ([0; 4], [0; 4]);
    for case in cases(&files).filter(|case| case.fate(&files) == Compared) {
        let peer = peers(&files, case.outputs_f64peer.as_ref().unwrap_or(&case.outputs));
        let allowed = Allowed::of(case, &[]);
        assert_eq!(far(&peer, &peer, &allowed), None, "{}", case.name);
        let wrong = |dtype| 1.0 + (84.0 * spacing(dtype).0).min(1e-1);
        let spoilt: Vec<Vec<f64>> = peer
            .iter()
            .zip(&allowed.outputs)
            .map(|(all, (dtype, _))| all.iter().map(|y| y * wrong(*dtype)).collect())
            .collect();
        compared[case.dtype() as usize] += 1;
        caught[case.dtype() as usize] += usize::from(far(&spoilt, &peer, &allowed).is_some());
        assert!(far(&peer[1..], &peer, &allowed).is_some(), "an output is missing");
    }
    // The rest has no element, or none but zeros and what is not finite, or is a sum of powers.
    for (caught, compared) in caught.into_iter().zip(compared) {
        assert!(caught * 10 > compared * 7 && compared > 5, "{caught} of {compared}");
    }
}

//! Clipping against what TensorFlow, Keras, PyTorch and Optax return (see `tests/data/golden`).

use std::collections::BTreeMap;

use normproj::plan::margin::U;
use normproj::{Axes, Context, Error, Layout, OnNonFinite, Projection, Request, reference};

use crate::clip_bounds::Bounds;
use crate::clip_compare::Judge;
use crate::clip_golden_case::Fate::{
    self, Compared, NonFinite, OnlyThePeerRefuses, OtherDtype, OtherNorm, PeerFails, Refused,
    RefusedByReport, TensorBounds,
};
use crate::clip_report::Found;
use crate::clip_run::{carry_out, prove};
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::golden_case::{Array, DEFAULT, Files, Golden, Tolerance};
use crate::judge::Memory;
use crate::run;

/// What is run of each operation, and what is left out; written down, so that no case is lost in
/// silence.
pub const EXPECTED: [(&str, &[(Fate, usize)]); 14] = [
    ("keras_opt_clipnorm", &[(Compared, 5), (NonFinite, 2)]),
    ("keras_opt_clipvalue", &[(Compared, 2)]),
    ("keras_opt_global_clipnorm", &[(Compared, 5), (NonFinite, 2)]),
    ("optax_clip", &[(Compared, 2), (Refused, 1)]),
    ("optax_clip_by_global_norm", &[(Compared, 22), (NonFinite, 4), (Refused, 2), (OtherDtype, 4)]),
    ("optax_tree_norm", &[(Compared, 24), (NonFinite, 4), (PeerFails, 2)]),
    (
        "tf_clip_by_global_norm",
        &[(Compared, 24), (NonFinite, 5), (PeerFails, 1), (Refused, 3), (OtherDtype, 6)],
    ),
    (
        "tf_clip_by_norm",
        &[(Compared, 33), (NonFinite, 2), (PeerFails, 3), (Refused, 6), (OtherDtype, 15)],
    ),
    ("tf_clip_by_value", &[(Compared, 3), (Refused, 1), (OtherDtype, 3), (TensorBounds, 3)]),
    ("tf_global_norm", &[(Compared, 13), (NonFinite, 4), (PeerFails, 1)]),
    ("tf_l2_loss", &[(Compared, 11), (NonFinite, 2), (PeerFails, 1), (OtherDtype, 9)]),
    (
        "torch_clip_grad_norm",
        &[
            (Compared, 40),
            (NonFinite, 8),
            (Refused, 2),
            (RefusedByReport, 2),
            (OnlyThePeerRefuses, 2),
            (OtherDtype, 13),
            (OtherNorm, 8),
        ],
    ),
    ("torch_clip_grad_value", &[(Compared, 2), (Refused, 1), (OtherDtype, 1)]),
    (
        "torch_get_total_norm",
        &[(Compared, 23), (NonFinite, 4), (PeerFails, 1), (OnlyThePeerRefuses, 2)],
    ),
];

fn cases(files: &Files) -> impl Iterator<Item = &Golden> {
    files.cases.iter().filter(|case| EXPECTED.iter().any(|(op, _)| *op == case.op))
}

#[test]
fn peers_agree_within_their_rounding() {
    let files = Files::open();
    let mut counts: BTreeMap<&str, BTreeMap<Fate, usize>> = BTreeMap::new();
    for case in cases(&files) {
        let fate = case.fate(&files);
        *counts.entry(&case.op).or_default().entry(fate).or_default() += 1;
        contexts().for_each(|context| match fate {
            Refused => refused(context, case, &files),
            RefusedByReport => refused_by_report(context, case, &files),
            fate if fate.runs() => compare(context, case, fate, &files),
            _ => (),
        });
    }
    counts.iter().for_each(|(op, counts)| say(&format!("golden cases of {op}: {counts:?}")));

    let expected = EXPECTED.map(|(op, fates)| (op, fates.iter().copied().collect()));
    assert_eq!(counts, BTreeMap::from(expected));
}

/// The tensors of a case. Where they lie is no matter of formulas, and one memory takes the fewest
/// programs.
fn scene(case: &Golden, files: &Files) -> Scene {
    let tensors: Vec<Vec<f32>> = case.inputs.iter().map(|input| files.array(input)).collect();
    Scene::arena(&tensors.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn refused(context: &Context, case: &Golden, files: &Files) {
    let error = match case.op.as_str() {
        "tf_clip_by_norm" => {
            let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
            let radius = case.clip_radius().expect("a radius");
            let projection = Projection::clip_norm(radius, case.axes()).compat(case.compat());
            context.plan(&Request::in_place(projection, layout)).err()
        }
        _ => scene(case, files).stage(context, case.clip()).err(),
    };
    let expected = matches!(
        error,
        Some(
            Error::Radius { .. }
                | Error::Bounds { .. }
                | Error::GivenNorm { .. }
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
    let kept = after.memories.iter().zip(&scene.memories).all(|(a, b)| run::same_bits(a, b));
    assert!(kept, "{}: nothing may be written", case.name);
}

fn compare(context: &Context, case: &Golden, fate: Fate, files: &Files) {
    if case.op == "tf_clip_by_norm" {
        compare_slices(context, case, fate, files);
        if case.axes() != Axes::all() {
            return;
        }
    }
    let scene = scene(case, files);
    // By our own formula: inside, its own bits; with NaN too. The peer decides nothing of that.
    prove(context, case.clip(), &scene);
    if fate == NonFinite
        && ["tf_clip_by_global_norm", "keras_opt_global_clipnorm"].contains(&case.op.as_str())
    {
        let poison = case.clip().compat(case.compat()).on_non_finite(OnNonFinite::Poison);
        prove(context, poison, &scene);
        let all_nan = |array: &Array| files.array(array).iter().all(|y| y.is_nan());
        assert!(case.outputs.iter().take(scene.tensors.len()).all(all_nan), "{}", case.name);
    }
    if fate != Compared {
        return;
    }
    for (clip, native) in [(case.clip(), true), (case.clip().compat(case.compat()), false)] {
        let stage = scene.stage(context, clip).expect("valid");
        let (after, found) = carry_out(&stage, &scene);
        let judge = Judge { clip, margin: stage.group.plan().margin(), fused: true };
        let beside = if native { beside(case, &judge, &scene) } else { Vec::new() };
        let place = format!("{clip} on {}", context.describe());
        agrees(case, files, &outputs(case, &after, found), beside, &place);
    }
}

/// The slices of a tensor, as a projection.
fn compare_slices(context: &Context, case: &Golden, fate: Fate, files: &Files) {
    let input = files.array(&case.inputs[0]);
    let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let native = Projection::clip_norm(case.clip_radius().expect("a radius"), case.axes());
    for (projection, native) in [(native, true), (native.compat(case.compat()), false)] {
        let request = Request::in_place(projection, layout);
        let plan = context.plan(&request).expect("a valid request");
        run::prove(context, &plan, &input, &[]);
        if fate == Compared {
            let memory = Memory { layout: &layout, elements: &input };
            let found = run::run(context, &plan, &input, &memory).memory;
            let beside = if native { 2.0 * plan.margin().kappa } else { 0.0 };
            let place = format!("{projection} on {}", context.describe());
            agrees(case, files, &[found], vec![beside], &place);
        }
    }
}

/// Panics unless this is what the peer returned, in its own precision or in f64.
fn agrees(case: &Golden, files: &Files, found: &[Vec<f32>], beside: Vec<f64>, place: &str) {
    let allowed = Allowed::of(case, beside);
    let off = |arrays: &Vec<Array>| {
        let peer: Vec<Vec<f32>> = arrays.iter().map(|array| files.array(array)).collect();
        far(found, &peer, &allowed)
    };
    let wrong = off(&case.outputs);
    let in_f64 = case.outputs_f64peer.as_ref().map(off);
    let matches = wrong.is_none() || in_f64.is_some_and(|wrong| wrong.is_none());
    assert!(matches, "{} by {place}: {}", case.name, wrong.unwrap_or_default());
}

/// What a peer returns: the tensors, then the norm, or a number alone.
fn outputs(case: &Golden, after: &Scene, found: Option<Found>) -> Vec<Vec<f32>> {
    let mut outputs = after.elements();
    match (case.op.as_str(), found) {
        ("tf_clip_by_global_norm" | "torch_clip_grad_norm", Some(found)) => {
            outputs.push(vec![found.norm]);
        }
        ("tf_global_norm" | "torch_get_total_norm" | "optax_tree_norm", Some(found)) => {
            outputs = vec![vec![found.norm]];
        }
        ("tf_l2_loss", Some(found)) => {
            outputs = vec![vec![found.half_square.expect("of the L2 norm")]];
        }
        _ => (),
    }
    outputs
}

/// Our own margin and the peer's epsilon, relatively, for each tensor: what our own formula may be
/// off by beside the rounding of the peer.
fn beside(case: &Golden, judge: &Judge, scene: &Scene) -> Vec<f64> {
    let exact = reference::clip(&judge.clip, &scene.elements(), None).expect("valid");
    let ours = Bounds::new(judge, None).relative();
    let epsilon = judge.clip.compat(case.compat()).epsilon();
    let of_tensor = |own: &f64| {
        let norm = if judge.clip.is_global() { exact.total } else { *own };
        match judge.clip.norm_used().is_some() && norm > 0.0 {
            true => ours + epsilon / norm,
            false => 0.0,
        }
    };
    exact.norms.iter().map(of_tensor).collect()
}

/// How far a result may be from the peer's.
struct Allowed {
    tol: Tolerance,
    /// Relatively, for each tensor; nothing for what comes after them.
    beside: Vec<f64>,
    /// An adapter may take subnormal numbers for zero.
    floor: f64,
}

impl Allowed {
    fn of(case: &Golden, beside: Vec<f64>) -> Allowed {
        let elements: usize =
            case.inputs.iter().map(|array| array.shape.iter().product::<usize>()).sum();
        let subnormal = if case.tagged("subnormal_in") { elements.max(1) } else { 1 };
        let floor = subnormal as f64 * 2f64.powi(-126);
        Allowed { tol: case.tol.unwrap_or(DEFAULT), beside, floor }
    }
}

/// What is further from the peer than is allowed.
fn far(found: &[Vec<f32>], peer: &[Vec<f32>], allowed: &Allowed) -> Option<String> {
    if found.len() != peer.len() {
        return Some(format!("{} outputs, the peer's {}", found.len(), peer.len()));
    }
    for (number, (found, peer)) in found.iter().zip(peer).enumerate() {
        let beside = allowed.beside.get(number).copied().unwrap_or(0.0);
        let (mut off, mut whole) = (0.0, 0.0);
        for (i, (&found, &peer)) in found.iter().zip(peer).enumerate() {
            if found == peer || found.is_nan() && peer.is_nan() {
                continue;
            }
            let (y, expected) = (f64::from(found), f64::from(peer));
            let scale = y.abs().max(expected.abs()).max(f64::from(f32::MIN_POSITIVE));
            let error = (y - expected).abs();
            let most = (allowed.tol.ulp * 2.0 * U + beside) * scale + allowed.floor;
            // A NaN is never within.
            if !matches!(most - error, 0.0..) {
                return Some(format!("output {number}, {i}: {y:e}, the peer's {expected:e}"));
            }
            off += error * error;
            whole += ((allowed.tol.rel_l2 + beside) * scale + allowed.floor).powi(2);
        }
        if off > whole {
            return Some(format!("output {number} is off by {:e}", (off / whole).sqrt()));
        }
    }
    None
}

#[test]
fn an_error_of_a_hundred_thousandth_is_caught() {
    let files = Files::open();
    let (mut compared, mut caught) = (0, 0);
    for case in cases(&files).filter(|case| case.fate(&files) == Compared) {
        let arrays = case.outputs_f64peer.as_ref().unwrap_or(&case.outputs);
        let peer: Vec<Vec<f32>> = arrays.iter().map(|array| files.array(array)).collect();
        let allowed = Allowed::of(case, Vec::new());
        assert_eq!(far(&peer, &peer, &allowed), None, "{}", case.name);
        let spoilt: Vec<Vec<f32>> =
            peer.iter().map(|all| all.iter().map(|y| y * (1.0 + 1e-5)).collect()).collect();
        compared += 1;
        caught += usize::from(far(&spoilt, &peer, &allowed).is_some());
        assert!(far(&peer[1..], &peer, &allowed).is_some(), "an output is missing");
    }
    // The rest has no element, or none but zeros and what is not finite.
    assert!(caught * 10 > compared * 8, "{caught} of {compared}");
}

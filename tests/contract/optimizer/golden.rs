//! Five steps in a row against what Keras and PyTorch return.

use std::collections::BTreeMap;

use normproj::{
    Axes, Clip, Compat, Context, DType, Group, Model, Norm, Optimizer, Projection, Update,
    reference,
};

use super::stepping;
use crate::contexts::say;
use crate::golden_case::{Files, Golden, Tolerance, number, over};
use crate::run::serves;
use crate::values::{Value, for_dtype, least_normal};

/// What a case asks for: the update, the projection by our formula and by that of the peer, and how gradients are
/// clipped before.
struct Asked {
    update: Update,
    projections: Vec<Projection>,
    clip: Option<(f64, Compat)>,
}

fn asked(case: &Golden) -> Asked {
    let get = |key: &str| case.args.get(key).filter(|value| !value.is_null());
    let of_torch = case.op.starts_with("torch");
    // Keras' backend holds every number of a constraint and an optimizer as f32, whatever the weights are. PyTorch has
    // those of Python.
    let held = |value: f64| if of_torch { value } else { f64::from(value as f32) };
    let value = |key: &str| get(key).map(number).map(held);
    let text = |key: &str| get(key).and_then(|value| value.as_str());
    let (rate, momentum) = (value("lr").expect("lr"), value("momentum").unwrap_or(0.0));
    let nesterov = get("nesterov").and_then(|value| value.as_bool()) == Some(true);
    let descent = match momentum {
        0.0 => Update::sgd(rate),
        momentum if nesterov => Update::momentum(rate, momentum).nesterov(),
        momentum => Update::momentum(rate, momentum),
    };
    let adam = || {
        let [first, second] = [0, 1].map(|i| number(&case.args["betas"][i]));
        Update::adam(rate).betas(first, second).epsilon(value("eps").expect("eps"))
    };
    let decay = value("weight_decay").unwrap_or(0.0);
    let update = match case.op.as_str() {
        "keras_sgd_step" => descent.rate_in_momentum().decoupled_weight_decay(decay),
        "torch_sgd_renorm" => {
            descent.weight_decay(decay).dampening(value("dampening").unwrap_or(0.0))
        }
        "torch_adam_renorm" => adam().weight_decay(decay),
        "torch_adamw_renorm" => adam().decoupled_weight_decay(decay),
        other => panic!("{other} is new"),
    };
    if of_torch {
        let norm = Norm::lp(value("p").expect("p")).expect("in range");
        let kept = get("dim").and_then(|dim| dim.as_i64()).expect("dim") as i32;
        let native = Projection::max_norm(value("max_norm").expect("max_norm"), Axes::keep(kept));
        let native = native.norm_in(norm);
        let clip = value("clip_grad_norm").map(|c| (c, Compat::Torch));
        return Asked { update, projections: vec![native, native.compat(Compat::Torch)], clip };
    }
    let axes = over(&case.args["axis"]);
    let most = value("max_value").expect("max_value");
    let native = match text("constraint") {
        Some("max_norm") => Projection::max_norm(most, axes),
        Some("unit_norm") => Projection::unit_norm(axes),
        Some("min_max_norm") => {
            let least = value("min_value").expect("min_value");
            Projection::min_max_norm(least, most, axes).rate(value("rate").expect("rate"))
        }
        Some("non_neg") => Projection::non_negative(),
        other => panic!("{other:?} is new"),
    };
    let mut projections = vec![native];
    if text("constraint") != Some("non_neg") {
        let epsilon = value("eps").expect("eps");
        projections.push(native.compat(Compat::Keras).with_epsilon(epsilon));
    }
    let clip = value("clipnorm").map(|c| (c, Compat::TensorFlow));
    Asked { update, projections, clip }
}

#[test]
fn steps_are_those_of_keras_and_torch() {
    compare(&Files::steps(), [("keras_sgd_step", 18), ("torch_sgd_renorm", 5)]);
}

#[test]
fn adam_is_that_of_torch() {
    compare(&Files::adam(), [("torch_adam_renorm", 12), ("torch_adamw_renorm", 12)]);
}

/// Runs all cases, of which there are so many of each operation.
fn compare(files: &Files, expected: [(&str, usize); 2]) {
    let (mut wrong, mut count) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for case in &files.cases {
        *count.entry(case.op.as_str()).or_insert(0) += 1;
        for context in stepping().filter(|context| serves(context, case.dtype())) {
            for projection in asked(case).projections {
                let off =
                    for_dtype!(case.dtype(), T => far::<T>(context, case, projection, files, 0.0));
                let place = || format!("{} {projection} on {}", case.name, context.describe());
                wrong.extend(off.map(|off| format!("{}: {off}", place())));
            }
        }
    }
    for (op, count) in &count {
        say(&format!("golden {op}: Compared {count}"));
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, BTreeMap::from(expected));
}

#[test]
fn a_step_that_is_off_is_caught() {
    for files in [Files::steps(), Files::adam()] {
        let of_f32 = files.cases.iter().filter(|case| case.dtype() == DType::F32);
        for case in of_f32.filter(|case| !case.tags.iter().any(|tag| tag == "corner")) {
            let projection = asked(case).projections[0];
            let off = far::<f32>(&Context::cpu(), case, projection, &files, 3e-5);
            assert!(off.is_some(), "{}", case.name);
        }
    }
}

/// What Keras and PyTorch add to norms.
const EPSILON: f64 = 1e-7;

/// What is further from the peer than its rounding allows, of results that are off by `planted`.
fn far<T: Value>(
    context: &Context,
    case: &Golden,
    projection: Projection,
    files: &Files,
    planted: f64,
) -> Option<String> {
    let Asked { update, projections, clip } = asked(case);
    let shape = &case.inputs[0].shape;
    let inputs: Vec<Vec<T>> = case.inputs.iter().map(|array| files.elements(array)).collect();
    let upload = |elements: &[T]| context.upload_as(elements, shape).expect("upload");
    let weights = upload(&inputs[0]);
    let mut optimizer = Optimizer::new(update, projection, &weights).expect("valid");
    let mut found: [Vec<Vec<T>>; 3] = [vec![], vec![], vec![]];
    for gradient in &inputs[1..] {
        let gradient = upload(gradient);
        if let Some((c, compat)) = clip {
            let model = Model::unnamed(context, [&gradient]).expect("one");
            let clip = Clip::global_norm(c).compat(compat);
            Group::new(clip, &model).expect("valid").enqueue().expect("it runs");
        }
        optimizer.step(&gradient).expect("it runs");
        found[0].push(weights.read_as().expect("read"));
        found[1].extend(optimizer.first().map(|first| first.read_as().expect("read")));
        found[2].extend(optimizer.second().map(|second| second.read_as().expect("read")));
    }
    // A slice that once was not finite is judged by other tests.
    let slices = reference::slices(projection.axes(), shape).expect("valid");
    let finite =
        |slice: &[usize]| inputs.iter().all(|x| slice.iter().all(|&i| x[i].wide().is_finite()));
    let judged: Vec<usize> =
        slices.iter().filter(|slice| finite(slice)).flatten().copied().collect();
    let found: Vec<Vec<T>> = found.into_iter().flatten().take(case.outputs.len()).collect();
    assert_eq!(found.len(), case.outputs.len(), "{}", case.name);
    let double = case.outputs_f64peer.as_ref();
    // The peer divides by n + ε in each of five steps, which momentum adds up; norms are near 1 there.
    let beside = if projection == projections[0] { 20.0 * EPSILON } else { 0.0 };
    for (number, found) in found.iter().enumerate() {
        let peers = [Some(&case.outputs), double].into_iter().flatten();
        let peers: Vec<Vec<f64>> = peers.map(|peer| files.values(&peer[number])).collect();
        let own: Vec<f64> = found.iter().map(|x| x.wide() * (1.0 + planted)).collect();
        let off =
            peers.iter().map(|peer| differs::<T>(&own, peer, &judged, case.tolerance(), beside));
        let off: Vec<Option<String>> = off.collect();
        if off.iter().all(Option::is_some) {
            return Some(format!("output {number}: {off:?}"));
        }
    }
    None
}

/// The first element, or the whole, that is off by more than a peer's rounding.
fn differs<T: Value>(
    found: &[f64],
    peer: &[f64],
    judged: &[usize],
    tol: Tolerance,
    beside: f64,
) -> Option<String> {
    let least = T::from_bits(1 << T::MANTISSA).wide().max(least_normal(T::DTYPE));
    let spacing = 2f64.powi(-(T::MANTISSA as i32));
    let finite = || judged.iter().copied().filter(|&i| peer[i].is_finite());
    let whole = finite().fold(0f64, |most, i| most.max(peer[i].abs()));
    let (mut off, mut all) = (0.0, 0.0);
    for i in finite() {
        let scale = found[i].abs().max(peer[i].abs()).max(least);
        let error = (found[i] - peer[i]).abs();
        let rounding = (tol.ulp * spacing + beside) * tol.of_whole(scale, whole);
        if error > rounding + least || error.is_nan() {
            return Some(format!("element {i} is {:e}, the peer's {:e}", found[i], peer[i]));
        }
        off += error * error;
        all += scale * scale;
    }
    let floor = found.len() as f64 * 2.0 * least * least;
    (off > (tol.rel_l2 + beside).powi(2) * all + floor)
        .then(|| format!("the whole is off by {:e}", (off / all).sqrt()))
}

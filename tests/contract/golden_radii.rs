//! Radii in memory against what TensorFlow, PyTorch and Optax return: clips by a tensor, adaptive clips and
//! weight norm; and the norms that they are made of.

use std::collections::{BTreeMap, BTreeSet};

use normproj::{Axes, Compat, Context, DType, Layout, Norm, Projection, Request, reference};
use serde_json::Value as Json;

use crate::contexts::{contexts, say};
use crate::golden::far;
use crate::golden_case::{Array, Files, Golden, number, over};
use crate::judge::{Memory, Wanted};
use crate::run::{norms_of, plans, prove_norms, prove_with_radii, run_with_radii, serves};
use crate::values::{Value, for_dtype, least_normal};

pub const OPERATIONS: [&str; 8] = [
    "optax_adaptive_grad_clip",
    "optax_unitwise_norm",
    "tf_clip_by_norm_tensor_clip",
    "tf_norm",
    "torch_parametrize_weight_norm_init",
    "torch_vector_norm",
    "torch_weight_norm",
    "torch_weight_norm_init",
];

/// What the call of a peer asks for.
pub enum Asked {
    /// A projection, by our formula and by its own, whose radii are given.
    Given(Projection, Projection, Vec<f64>),
    /// The same, whose radii are the norms of the second tensor.
    Norms(Projection, Projection),
    /// Norms alone; with a weight norm by them, if it has a second result.
    Alone(Norm, Axes),
}

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Run and compared with the peer.
    Compared,
    /// Run, but judged by the oracle alone: the peer fails on finite input.
    PeerWrong,
    /// Run, but of slices that are not finite only the oracle is asked.
    NonFinite,
    /// Run: the radius is none, and everything is left and counted.
    Left,
}

pub fn asked(case: &Golden, files: &Files) -> Asked {
    let value = |key: &str| number(&case.args[key]);
    let kept = || match &case.args["dim"] {
        // PyTorch's -1 is not the last axis here, but all of them.
        Json::Null => Axes::all(),
        dim if dim.as_i64() == Some(-1) => Axes::all(),
        dim => Axes::keep(dim.as_i64().expect("an axis") as i32),
    };
    let unit = || match &case.args["axis"] {
        Json::Null => unit_axes(&case.inputs[0].shape),
        axes => over(axes),
    };
    match case.op.as_str() {
        "tf_clip_by_norm_tensor_clip" => {
            let native = Projection::clip_norm(1.0, case.axes());
            Asked::Given(native, native.compat(Compat::TensorFlow), vec![value("clip_norm")])
        }
        "optax_adaptive_grad_clip" => {
            let native =
                Projection::clip_norm(value("clipping"), unit()).least_radius(value("eps"));
            Asked::Norms(native, native.compat(Compat::Optax))
        }
        "torch_weight_norm" => {
            let native = Projection::weight_norm(kept());
            Asked::Given(native, native.compat(Compat::Torch), files.values(&case.inputs[1]))
        }
        "optax_unitwise_norm" => Asked::Alone(Norm::L2, unit()),
        "torch_weight_norm_init" | "torch_parametrize_weight_norm_init" => {
            Asked::Alone(Norm::L2, kept())
        }
        "tf_norm" => Asked::Alone(Norm::lp(value("p")).expect("in range"), case.axes()),
        "torch_vector_norm" => {
            // Unlike that of weight norm, this `dim` is what the norm runs over.
            Asked::Alone(Norm::lp(value("p")).expect("in range"), over(&case.args["dim"]))
        }
        op => panic!("{op} is not asked for here"),
    }
}

/// What Optax takes for the weights of one unit.
fn unit_axes(shape: &[usize]) -> Axes {
    let squeezed = shape.iter().filter(|&&size| size != 1).count();
    match shape.len() {
        _ if squeezed <= 1 => Axes::all(),
        2 | 3 => Axes::from(0),
        4 => Axes::from([0, 1, 2]),
        _ => Axes::from([0, 1, 2, 3]),
    }
}

fn kind(case: &Golden, files: &Files) -> Kind {
    let tagged = |tag: &str| case.tags.iter().any(|found| found == tag);
    let none = |radii: &[f64]| radii.iter().all(|r| r.is_nan() || *r < 0.0);
    match asked(case, files) {
        Asked::Given(_, _, radii) if none(&radii) => Kind::Left,
        _ if case.inputs.iter().any(|x| files.values(x).iter().any(|x| !x.is_finite())) => {
            Kind::NonFinite
        }
        _ if tagged("finite_in_nonfinite_out") || tagged("peer_bad") => Kind::PeerWrong,
        _ => Kind::Compared,
    }
}

#[test]
fn peers_agree_within_their_rounding() {
    let files = Files::radii();
    let mut counts: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for op in OPERATIONS {
        for case in files.cases.iter().filter(|case| case.op == op) {
            assert_eq!(case.expects_error, None, "{}", case.name);
            *counts.entry((op, kind(case, &files))).or_default() += 1;
            let dtype = case.dtype();
            for context in contexts().filter(|context| serves(context, dtype)) {
                wrong.extend(for_dtype!(dtype, T => judge::<T>(context, case, &files)));
            }
        }
    }
    for ((op, kind), count) in &counts {
        say(&format!("golden {op}: {kind:?} {count}"));
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    let total = |kind: Kind| -> usize {
        counts.iter().filter(|((_, found), _)| *found == kind).map(|(_, count)| count).sum()
    };
    // Written down, so that no case is lost in silence.
    let kinds = [Kind::Compared, Kind::PeerWrong, Kind::NonFinite, Kind::Left];
    assert_eq!(kinds.map(total), EXPECTED);
}

/// Compared, the peer wrong, not finite, left.
const EXPECTED: [usize; 4] = [56, 5, 11, 2];

fn judge<T: Value>(context: &Context, case: &Golden, files: &Files) -> Vec<String> {
    let input: Vec<T> = elements(files, &case.inputs[0]);
    match asked(case, files) {
        Asked::Given(native, compat, radii) => {
            projected(context, case, files, &input, [native, compat], &radii)
        }
        Asked::Norms(native, compat) => {
            let weights: Vec<T> = elements(files, &case.inputs[1]);
            let radii = norms::<T>(context, case, Norm::L2, native.axes(), &weights);
            projected(context, case, files, &input, [native, compat], &radii)
        }
        Asked::Alone(norm, axes) => {
            let mut wrong = norms_alone(context, case, files, norm, axes, &input);
            if case.outputs.len() > 1 {
                let radii = files.values(&case.outputs[0]);
                let native = Projection::weight_norm(axes);
                let both = [native, native.compat(Compat::Torch)];
                wrong.extend(projected(context, case, files, &input, both, &radii));
            }
            wrong
        }
    }
}

fn elements<T: Value>(files: &Files, array: &Array) -> Vec<T> {
    files.values(array).into_iter().map(T::of).collect()
}

/// Norms as the library leaves them in memory.
fn norms<T: Value>(
    context: &Context,
    case: &Golden,
    norm: Norm,
    axes: Axes,
    elements: &[T],
) -> Vec<f64> {
    let shape = &case.inputs[0].shape;
    let slices = reference::slices(axes, shape).expect("valid").len();
    let tensor = context.upload_as(elements, shape).expect("upload");
    match T::DTYPE {
        DType::F64 => {
            let norms = context.zeros_as([slices], DType::F64).expect("zeros");
            context.norms(norm, axes, &tensor, &norms).expect("valid");
            norms.read_as().expect("read")
        }
        _ => {
            let norms = context.zeros([slices]).expect("zeros");
            context.norms(norm, axes, &tensor, &norms).expect("valid");
            norms.read().expect("read").into_iter().map(f64::from).collect()
        }
    }
}

fn projected<T: Value>(
    context: &Context,
    case: &Golden,
    files: &Files,
    input: &[T],
    [native, compat]: [Projection; 2],
    radii: &[f64],
) -> Vec<String> {
    let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let view = Layout::contiguous([radii.len()]).expect("small");
    let mut wrong = Vec::new();
    let last = |arrays: &[Array]| files.values(arrays.last().expect("a result"));
    let double = case.outputs_f64peer.as_deref().map(last);
    for (projection, ours) in [(native, true), (compat, false)] {
        let request = Request::in_place(projection, layout).of(T::DTYPE).with_report();
        for plan in plans(context, &request.with_radii(view), 5) {
            prove_with_radii(context, &plan, input, &[], Some(radii));
            if kind(case, files) == Kind::PeerWrong && double.is_none() {
                continue;
            }
            let memory = Memory { layout: &layout, elements: input };
            let found = run_with_radii(context, &plan, input, &memory, Some(radii)).memory;
            let (single, tol) = (last(&case.outputs), case.tolerance());
            let epsilon = ours.then_some(0.0);
            let far =
                |peer: &Vec<f64>| far(&plan, Some(radii), input, &found, peer, tol, epsilon, 0.0);
            let off: Vec<_> =
                [Some(&single), double.as_ref()].into_iter().flatten().map(far).collect();
            if !off.iter().any(Option::is_none) {
                let how = if ours { "natively" } else { "by its formula" };
                wrong.push(format!("{} {how} on {}: {off:?}", case.name, context.describe()));
            }
        }
    }
    wrong
}

fn norms_alone<T: Value>(
    context: &Context,
    case: &Golden,
    files: &Files,
    norm: Norm,
    axes: Axes,
    input: &[T],
) -> Vec<String> {
    let shape = &case.inputs[0].shape;
    let request = norms_of(norm, axes, Layout::contiguous(shape).expect("small")).of(T::DTYPE);
    for plan in plans(context, &request, 5) {
        match T::DTYPE {
            DType::F64 => prove_norms::<T, f64>(context, &plan, input),
            _ => prove_norms::<T, f32>(context, &plan, input),
        }
    }
    let found = norms(context, case, norm, axes, input);
    let kappa = context.plan(&request).expect("valid").margin().of(norm).kappa;
    let slices = reference::slices(axes, shape).expect("valid");
    let near = |peer: &[f64]| {
        (0..found.len()).all(|slice| {
            // Optax repeats a norm for every element of its slice.
            let place = if peer.len() == found.len() { slice } else { slices[slice][0] };
            same(case, found[slice], peer[place], kappa)
        })
    };
    let single = files.values(&case.outputs[0]);
    let double = case.outputs_f64peer.as_ref().map(|outputs| files.values(&outputs[0]));
    let right = near(&single) || double.as_ref().is_some_and(|peer| near(peer));
    let place = || format!("{} on {}: {found:?}, not {single:?}", case.name, context.describe());
    (!right).then(place).into_iter().collect()
}

/// Whether a norm is that of a peer. Of NaN and infinity together the peers make either.
fn same(case: &Golden, found: f64, peer: f64, kappa: f64) -> bool {
    let tol = case.tolerance();
    let least = least_normal(DType::F32);
    let allowed = (tol.ulp * f64::from(f32::EPSILON) + 2.0 * kappa) * peer.abs().max(least);
    match (found.is_finite(), peer.is_finite()) {
        (true, true) => (found - peer).abs() <= allowed,
        (finite, also) => finite == also,
    }
}

#[test]
fn an_error_of_a_hundred_thousandth_is_caught() {
    let files = Files::radii();
    let (mut compared, mut caught, mut caught_of) = (0, 0, BTreeSet::new());
    for op in OPERATIONS {
        for case in files.cases.iter().filter(|case| case.op == op && case.dtype() == DType::F32) {
            if kind(case, &files) != Kind::Compared {
                continue;
            }
            compared += 1;
            let (input, peer) = (files.array(&case.inputs[0]), files.values(&case.outputs[0]));
            let spoilt: Vec<f32> = peer.iter().map(|y| (y * (1.0 + 1e-5)) as f32).collect();
            let context = Context::cpu();
            let (projection, radii) = match asked(case, &files) {
                Asked::Given(native, _, radii) => (native, radii),
                Asked::Norms(native, _) => {
                    let weights = files.array(&case.inputs[1]);
                    (native, norms(&context, case, Norm::L2, native.axes(), &weights))
                }
                Asked::Alone(..) => {
                    let off = |(&y, &peer): (&f32, &f64)| !same(case, y.into(), peer, 1e-7);
                    let seen = spoilt.iter().zip(&peer).any(off);
                    caught += usize::from(seen);
                    caught_of.extend(seen.then_some(op));
                    continue;
                }
            };
            let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
            let view = Layout::contiguous([radii.len()]).expect("small");
            let request = Request::in_place(projection, layout).with_radii(view);
            let plan = context.plan(&request).expect("valid");
            let tol = case.tolerance();
            let seen = far(&plan, Some(&radii), &input, &spoilt, &peer, tol, Some(0.0), 0.0);
            caught += usize::from(seen.is_some());
            caught_of.extend(seen.map(|_| op));
            // The oracle gives every slice its own radius: the next one's is another.
            let wanted = Wanted { projection: &projection, radii: Some(&radii) };
            assert_eq!(wanted.exact(&input, &layout).len(), peer.len());
        }
    }
    // The rest is zero, left alone, or has a tolerance as wide as that.
    assert!(caught * 10 > compared * 6, "{caught} of {compared}");
    assert_eq!(
        caught_of,
        BTreeSet::from(OPERATIONS).into_iter().filter(|op| *op != "tf_norm").collect()
    );
}

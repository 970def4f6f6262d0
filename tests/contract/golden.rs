//! Every set and dtype against what Keras, TensorFlow, PyTorch, Optax and scikit-learn return: by their formula
//! (`Compat`) within their own rounding, and by ours within that, our margin and their epsilon.

use std::collections::{BTreeMap, BTreeSet};

use normproj::{Context, DType, Error, Layout, Plan, Request, reference};

use crate::contexts::{contexts, say};
pub use crate::golden_asked::{OPERATIONS, POWERS, asked};
use crate::golden_case::{Array, Files, Golden, Tolerance};
use crate::judge::{Limits, Memory, Wanted};
use crate::run::{prove, run, serves};
use crate::sets::prove_by_plans;
use crate::values::{Value, for_dtype, least_normal};

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Run and compared with the peer.
    Compared,
    /// Run, but judged by the oracle alone: the peer fails on finite input.
    PeerWrong,
    /// Run, but of slices that are not finite only the oracle is asked.
    NonFinite,
    /// Our error is expected.
    Refused,
    /// The peer refuses what is allowed here.
    OnlyThePeerRefuses,
    /// Bounds that are tensors: `limits` runs them.
    TensorBounds,
}

/// The tensors that are projected together: Optax's projections take a tree as one vector.
fn groups(case: &Golden) -> Vec<Vec<usize>> {
    let together = case.op.starts_with("optax_projection_") && case.inputs.len() > 1;
    match together {
        true => vec![(0..case.inputs.len()).collect()],
        false => (0..case.inputs.len()).map(|i| vec![i]).collect(),
    }
}

fn shape(case: &Golden, group: &[usize]) -> Vec<usize> {
    match group {
        [one] => case.inputs[*one].shape.clone(),
        all => vec![all.iter().map(|&i| case.inputs[i].shape.iter().product::<usize>()).sum()],
    }
}

/// What is done with a case.
pub fn kind(case: &Golden, files: &Files) -> Kind {
    if case.op == "optax_projection_box" && !case.args.contains_key("lower") {
        return Kind::TensorBounds;
    }
    let context = Context::cpu();
    let ours = asked(case).and_then(|asked| {
        let layout = Layout::contiguous(shape(case, &groups(case)[0]))?;
        context.plan(&Request::in_place(asked.native, layout).of(case.dtype()))
    });
    let tagged = |tag: &str| case.tags.iter().any(|found| found == tag);
    match (ours, &case.expects_error) {
        (Err(_), _) => Kind::Refused,
        (Ok(_), Some(_)) => Kind::OnlyThePeerRefuses,
        _ if case.inputs.iter().any(|x| files.values(x).iter().any(|x| !x.is_finite())) => {
            Kind::NonFinite
        }
        _ if tagged("finite_in_nonfinite_out") || tagged("peer_bad") => Kind::PeerWrong,
        _ if overflows(case, files) => Kind::PeerWrong,
        _ => Kind::Compared,
    }
}

/// Whether nothing is left in the peer's own precision, where there is something: its sum of squares
/// overflows.
fn overflows(case: &Golden, files: &Files) -> bool {
    let all = |arrays: &[Array]| -> Vec<f64> {
        arrays.iter().flat_map(|array| files.values(array)).collect()
    };
    let (x, y) = (all(&case.inputs), all(&case.outputs));
    let large = x.iter().any(|x| x.abs() > 0.05 * case.dtype().largest().sqrt());
    let none = !y.is_empty() && y.iter().all(|y| y.is_nan());
    none || large && y.iter().all(|&y| y == 0.0)
}

#[test]
fn peers_agree_within_their_rounding() {
    let files = Files::open();
    let mut counts: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for op in OPERATIONS.into_iter().chain(POWERS) {
        for case in files.cases.iter().filter(|case| case.op == op) {
            let kind = kind(case, &files);
            *counts.entry((op, kind)).or_default() += 1;
            let dtype = case.dtype();
            for context in contexts().filter(|context| serves(context, dtype)) {
                match kind {
                    Kind::Compared | Kind::PeerWrong | Kind::NonFinite => {
                        wrong.extend(
                            for_dtype!(dtype, T => judge::<T>(context, case, kind, &files)),
                        );
                    }
                    Kind::Refused => refused(context, case),
                    _ => {}
                }
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
    let found: Vec<usize> = [
        Kind::Compared,
        Kind::PeerWrong,
        Kind::NonFinite,
        Kind::Refused,
        Kind::OnlyThePeerRefuses,
        Kind::TensorBounds,
    ]
    .map(total)
    .to_vec();
    assert_eq!(found, EXPECTED);
}

/// Compared, the peer wrong, not finite, refused, only the peer refuses, tensor bounds.
const EXPECTED: [usize; 6] = [581, 34, 73, 31, 8, 1];

fn refused(context: &Context, case: &Golden) {
    let layout = Layout::contiguous(shape(case, &groups(case)[0])).expect("small");
    let error = asked(case)
        .and_then(|asked| context.plan(&Request::in_place(asked.native, layout).of(case.dtype())))
        .expect_err(&case.name);
    let expected = matches!(
        error,
        Error::Radius { .. }
            | Error::RadiusBeyond { .. }
            | Error::Power { .. }
            | Error::Rate { .. }
            | Error::Bounds { .. }
            | Error::AxisOutOfRange { .. }
            | Error::AxisTwice { .. }
    );
    assert!(expected, "{}: {error:?}", case.name);
}

fn judge<T: Value>(context: &Context, case: &Golden, kind: Kind, files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    let asked = asked(case).expect("checked");
    for group in groups(case) {
        let arrays = |all: &[Array]| -> Vec<f64> {
            group.iter().flat_map(|&i| files.values(&all[i])).collect()
        };
        let input: Vec<T> = arrays(&case.inputs).into_iter().map(T::of).collect();
        let layout = Layout::contiguous(shape(case, &group)).expect("small");
        // Natively it keeps our own promises, by its formula those of the formula; the peer decides
        // nothing of that.
        let request = |projection| Request::in_place(projection, layout).of(T::DTYPE).with_report();
        prove_by_plans(context, &request(asked.native), &input, &[], 5);
        if let Some(compat) = asked.compat {
            prove(context, &context.plan(&request(compat)).expect("valid"), &input, &[]);
        }
        let double = case.outputs_f64peer.as_deref().map(&arrays);
        let single = arrays(&case.outputs);
        if kind == Kind::PeerWrong && double.is_none() {
            continue;
        }
        for (projection, native) in [(Some(asked.native), true), (asked.compat, false)] {
            let Some(projection) = projection else { continue };
            let plan = context.plan(&request(projection)).expect("valid");
            let memory = Memory { layout: &layout, elements: &input };
            let found = run(context, &plan, &input, &memory).memory;
            let epsilon = native.then_some(asked.epsilon);
            // scikit-learn takes what is under ten ε for zero.
            let ignored = match case.op == "sklearn_normalize" {
                true => 10.0 * f64::from(f32::EPSILON),
                false => 0.0,
            };
            let tol = case.tolerance();
            let far = |peer: &[f64]| far(&plan, None, &input, &found, peer, tol, epsilon, ignored);
            let off = [Some(&single), double.as_ref()].into_iter().flatten().map(|peer| far(peer));
            let off: Vec<Option<String>> = off.collect();
            let matches = off.iter().any(Option::is_none);
            let how = if native { "natively" } else { "by its formula" };
            if !matches {
                wrong.push(format!("{} {how} on {}: {off:?}", case.name, context.describe()));
            }
        }
    }
    wrong
}

/// The least normal number of a dtype, and the distance of 1 to the next.
fn grid<T: Value>() -> (f64, f64) {
    let least = T::from_bits(1 << T::MANTISSA).wide();
    (least.max(least_normal(T::DTYPE)), 2f64.powi(-(T::MANTISSA as i32)))
}

/// What is further from the peer than its rounding allows; natively, with our margin and its epsilon.
#[allow(clippy::too_many_arguments, reason = "numbers that a comparison is made of")]
pub fn far<T: Value>(
    plan: &Plan,
    radii: Option<&[f64]>,
    input: &[T],
    found: &[T],
    peer: &[f64],
    tol: Tolerance,
    native: Option<f64>,
    ignored: f64,
) -> Option<String> {
    let request = plan.request();
    let normproj::plan::request::Task::Project(projection) = request.task else { return None };
    let wanted = Wanted { projection: &projection, radii };
    let exact: Vec<f64> = wanted.exact(input, &request.source).iter().map(|y| y.high).collect();
    let whole = peer.iter().fold(0f64, |most, &y| most.max(y.abs()));
    let slices = reference::slices(projection.axes(), request.source.shape()).expect("valid");
    // Adapters and peers may take subnormal numbers for zero.
    let (least, spacing) = grid::<T>();
    let (mut off, mut allowed) = (0.0, 0.0);
    for (number, slice) in slices.into_iter().enumerate() {
        let x: Vec<T> = slice.iter().map(|&i| input[i]).collect();
        // A slice whose radius is none is left here, whatever the peer makes of it.
        let Some((of_slice, _)) = wanted.of_slice(number, T::DTYPE) else { continue };
        let limits = Limits::new(&of_slice, T::DTYPE, slice.len(), plan.margin());
        let norm = reference::norm(projection.norm(), &x);
        // Optax divides zero by zero on spheres.
        let undefined = slice.iter().any(|&i| !peer[i].is_finite() && exact[i].is_finite());
        // Squares that leave f64 do so in a peer, too.
        let beyond = T::DTYPE == DType::F64 && !(1e-150..1e150).contains(&norm);
        // Of a slice that is not finite we decide by our policy.
        let finite = x.iter().all(|x| x.wide().is_finite());
        let judged = limits.is_box() || limits.normal(&x);
        if !finite || !judged || undefined || beyond || norm < ignored {
            continue;
        }
        for i in slice {
            let (y, expected) = (found[i].wide(), peer[i]);
            let scale = y.abs().max(expected.abs()).max(least);
            let beside = match native {
                Some(epsilon) if norm > 0.0 => {
                    limits.error(exact[i], norm) + (epsilon / norm).min(1.0) * scale
                }
                Some(_) => limits.error(exact[i], norm),
                None => 0.0,
            };
            let rounding = tol.ulp * spacing * tol.of_whole(scale, whole);
            let error = (y - expected).abs();
            // A NaN is never within, but beside another.
            let within = error <= rounding + beside + least || y.is_nan() && expected.is_nan();
            if !within {
                return Some(format!("element {i} is {y:e}, the peer's {expected:e}"));
            }
            off += error * error;
            allowed += (tol.rel_l2 * scale + beside).powi(2);
        }
    }
    let floor = found.len() as f64 * 2.0 * least * least;
    (off > allowed + floor).then(|| format!("the whole is off by {:e}", (off / allowed).sqrt()))
}

#[test]
fn an_error_of_a_hundred_thousandth_is_caught() {
    let files = Files::open();
    let operations: BTreeSet<&str> = OPERATIONS.into_iter().chain(POWERS).collect();
    let (mut compared, mut caught, mut caught_of) = (0, 0, BTreeSet::new());
    for case in files.cases.iter().filter(|case| operations.contains(case.op.as_str())) {
        let kind = kind(case, &files);
        let judged = [Kind::Compared, Kind::NonFinite].contains(&kind);
        if case.dtype() != DType::F32 || !judged || case.inputs.len() > 1 {
            continue;
        }
        let projection = asked(case).expect("checked").native;
        let layout = Layout::contiguous(shape(case, &[0])).expect("small");
        let plan = Context::cpu().plan(&Request::in_place(projection, layout)).expect("valid");
        let (input, peer) = (files.array(&case.inputs[0]), files.values(&case.outputs[0]));
        let spoilt: Vec<f32> = peer.iter().map(|y| (y * (1.0 + 1e-5)) as f32).collect();
        let tol = case.tolerance();
        if far(&plan, None, &input, &spoilt, &peer, tol, Some(0.0), 0.0).is_some() {
            caught_of.insert(case.op.as_str());
            caught += usize::from(kind == Kind::Compared);
        }
        compared += usize::from(kind == Kind::Compared);
    }
    // The rest has no element, none but zeros, or a tolerance as wide as that.
    assert!(caught * 10 > compared * 6, "{caught} of {compared}");
    assert_eq!(caught_of, operations);
}

//! Max-norm against what Keras and PyTorch return (see `tests/data/golden`).

use std::collections::BTreeMap;

use normproj::{Context, Error, Layout, Norm, Plan, Request, reference};

use crate::compare::Memory;
use crate::contexts::{contexts, say};
use crate::golden_case::{DEFAULT, EPSILON, Files, Golden, Kind, Tolerance};
use crate::run::{prove, run};

#[test]
fn keras_and_torch_agree_within_their_rounding() {
    let files = Files::open();
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for case in files.cases.iter().filter(|case| case.is_max_norm()) {
        let kind = case.kind(&files);
        *counts.entry(kind).or_default() += 1;
        contexts().for_each(|context| match kind {
            Kind::Compared | Kind::NonFinite => compare(context, case, kind, &files),
            Kind::Refused => refused(context, case),
            _ => (),
        });
    }
    say(&format!("golden cases: {counts:?}"));
    // Written down, so that no case is lost in silence.
    let expected = [
        (Kind::Compared, 94),
        (Kind::Refused, 12),
        (Kind::NonFinite, 5),
        (Kind::OtherDtype, 45),
        (Kind::OtherNorm, 46),
        (Kind::OtherEpsilon, 1),
        (Kind::OnlyThePeerRefuses, 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

fn refused(context: &Context, case: &Golden) {
    let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let error = context.plan(&Request::in_place(case.projection(), layout)).err();
    let expected = matches!(
        error,
        Some(Error::Radius { .. } | Error::AxisOutOfRange { .. } | Error::AxisTwice { .. })
    );
    assert!(expected, "{}: {error:?}", case.name);
}

fn compare(context: &Context, case: &Golden, kind: Kind, files: &Files) {
    let input = files.array(&case.inputs[0]);
    let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let projection = case.projection();
    let plan = context.plan(&Request::in_place(projection, layout)).expect("a valid request");
    // Inside, its own bits; a slice with NaN too. The peer decides nothing of that.
    prove(context, &plan, &input, &[]);
    if kind == Kind::NonFinite {
        return;
    }
    let memory = Memory { layout: &layout, elements: &input };
    let found = run(context, &plan, &input, &memory).memory;
    let peer = |array| far(&found, &files.array(array), &input, &plan, case.tol.unwrap_or(DEFAULT));
    let off = peer(&case.outputs[0]);
    let off64 = case.outputs_f64peer.as_ref().and_then(|arrays| peer(&arrays[0]).map(|_| ()));
    let matches = off.is_none() || (case.outputs_f64peer.is_some() && off64.is_none());
    assert!(matches, "{} on {}: {}", case.name, context.describe(), off.unwrap_or_default());
}

/// What is further from the peer than its rounding, our margin and its epsilon explain.
fn far(found: &[f32], peer: &[f32], input: &[f32], plan: &Plan, tol: Tolerance) -> Option<String> {
    let (axes, layout) = (plan.request().axes(), &plan.request().source);
    let norms = reference::norms(Norm::L2, axes, input, layout).expect("valid");
    let slices = reference::slices(axes, layout.shape()).expect("valid");
    let ours = 2.0 * plan.margin().kappa;
    let (mut off, mut allowed) = (0.0, 0.0);
    for (slice, norm) in slices.iter().zip(norms) {
        // A slice of zeros stays as it is, whatever the epsilon.
        let beside = if norm > 0.0 { ours + EPSILON / norm } else { ours };
        for &i in slice {
            let (y, expected) = (f64::from(found[i]), f64::from(peer[i]));
            let scale = y.abs().max(expected.abs()).max(f64::from(f32::MIN_POSITIVE));
            let error = (y - expected).abs();
            // A NaN is never within.
            let within = error <= (tol.ulp * f64::from(f32::EPSILON) + beside) * scale;
            if !within {
                return Some(format!("element {i} is {y:e}, the peer's {expected:e}"));
            }
            off += error * error;
            allowed += ((tol.rel_l2 + beside) * expected.abs().max(y.abs())).powi(2);
        }
    }
    let floor = found.len() as f64 * 2f64.powi(-252);
    (off > allowed + floor).then(|| format!("the whole is off by {:e}", (off / allowed).sqrt()))
}

#[test]
fn an_error_of_a_hundred_thousandth_is_caught() {
    let files = Files::open();
    let (mut compared, mut caught) = (0, 0);
    let compared_with = |case: &&Golden| case.is_max_norm() && case.kind(&files) == Kind::Compared;
    for case in files.cases.iter().filter(compared_with) {
        let input = files.array(&case.inputs[0]);
        let layout = Layout::contiguous(&case.inputs[0].shape).expect("small");
        let context = Context::cpu();
        let request = Request::in_place(case.projection(), layout);
        let plan = context.plan(&request).expect("a valid request");
        let peer = files.array(&case.outputs[0]);
        let spoilt: Vec<f32> = peer.iter().map(|y| y * (1.0 + 1e-5)).collect();
        let tol = case.tol.unwrap_or(DEFAULT);
        compared += 1;
        caught += usize::from(far(&spoilt, &peer, &input, &plan, tol).is_some());
    }
    // The rest has no element, or none but zeros and slices near the peer's epsilon.
    assert!(caught * 10 > compared * 7, "{caught} of {compared}");
}

//! Rows that indices name against PyTorch, and slices of indexed values against TensorFlow.

use std::collections::BTreeMap;

use normproj::{
    Axes, Compat, Context, Error, Indices, Layout, Norm, Projection, Request, reference,
};

use super::Scene;
use crate::contexts::{contexts, say};
use crate::golden_case::{Files, Golden, number, over};
use crate::run::{prove, serves};
use crate::values::{Value, for_dtype, least_normal};

pub const OPERATIONS: [&str; 3] =
    ["tf_clip_by_norm_indexed_slices", "torch_embedding_bag_renorm", "torch_embedding_renorm"];

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Compared,
    /// Our error is expected: a negative radius, which multiplies there.
    Refused,
    /// An index out of range, which is an error there: it is ignored and counted here.
    Ignored,
}

/// What a case asks for, and the formula of the peer.
pub fn asked(case: &Golden) -> Result<(Projection, Compat), Error> {
    let value = |key: &str| number(&case.args[key]);
    Ok(match case.op.as_str() {
        "tf_clip_by_norm_indexed_slices" => (
            Projection::clip_norm(value("clip_norm"), over(&case.args["axis"])),
            Compat::TensorFlow,
        ),
        "torch_embedding_renorm" | "torch_embedding_bag_renorm" => {
            let norm = Norm::lp(value("p"))?;
            (Projection::max_norm(value("max_norm"), Axes::keep(0)).norm_in(norm), Compat::Torch)
        }
        op => panic!("{op} is not asked for here"),
    })
}

fn kind(case: &Golden) -> Kind {
    match () {
        () if asked(case).expect("valid").0.radius() < 0.0 => Kind::Refused,
        () if case.expects_error.is_some() => Kind::Ignored,
        () => Kind::Compared,
    }
}

/// What is further from the peer than its rounding allows; natively, with our margin and its ε of 1e-7.
fn far<T: Value>(
    case: &Golden,
    projection: &Projection,
    [before, found]: [&[T]; 2],
    peer: &[f64],
    margin: Option<f64>,
) -> Option<String> {
    let shape = &case.inputs[0].shape;
    let slices = reference::slices(projection.axes(), shape).expect("valid");
    let spacing = 2f64.powi(-(T::MANTISSA as i32));
    let tolerance = case.tolerance();
    for slice in slices {
        let x: Vec<T> = slice.iter().map(|&i| before[i]).collect();
        let norm = reference::norm(projection.norm(), &x);
        // Of slices that are not finite our policy decides, which the other judge asks for.
        if !norm.is_finite() {
            continue;
        }
        let ours = margin.map_or(0.0, |kappa| 2.0 * kappa + (1e-7 / norm).min(1.0));
        for i in slice {
            let (y, e) = (found[i].wide(), peer[i]);
            let size = y.abs().max(e.abs()).max(least_normal(T::DTYPE));
            let allowed = (tolerance.ulp * spacing + ours + 2.0 * T::DTYPE.grain().relative) * size;
            if (y - e).abs() > allowed + T::DTYPE.grain().absolute {
                return Some(format!("element {i} is {y:e}, the peer's {e:e}"));
            }
        }
    }
    None
}

fn judge<T: Value>(context: &Context, case: &Golden, kind: Kind, files: &Files) -> Vec<String> {
    let (native, compat) = asked(case).expect("checked");
    let table = Layout::contiguous(&case.inputs[0].shape).expect("small");
    let input: Vec<T> = files.values(&case.inputs[0]).into_iter().map(T::of).collect();
    let names: Vec<u32> = files.indices(&case.inputs[1]).iter().map(|&i| i as u32).collect();
    let touching = case.op.starts_with("torch");
    let mut wrong = Vec::new();
    for (projection, is_native) in [(native, true), (native.compat(compat), false)] {
        let (found, kappa) = if touching {
            let scene = Scene { projection, table, memory: &input, indices: &names };
            scene.prove(context, 3);
            let plan = context.plan(&scene.request()).expect("valid");
            let (found, report) = scene.run(context, &plan, 1);
            let ignored = u64::from(kind == Kind::Ignored);
            assert_eq!(report.out_of_range, ignored, "{}", case.name);
            (found, plan.margin().of(projection.norm()).kappa)
        } else {
            // What the values are of does not matter to their norms.
            let request = Request::in_place(projection, table).of(T::DTYPE).with_report();
            let plan = context.plan(&request).expect("valid");
            prove(context, &plan, &input, &[]);
            let tensor = context.upload_as(&input, table.shape()).expect("upload");
            context.project(&projection, &tensor).expect("valid");
            (tensor.read_as().expect("read"), plan.margin().kappa)
        };
        if kind == Kind::Ignored {
            continue;
        }
        let peers = [Some(&case.outputs), case.outputs_f64peer.as_ref()].into_iter().flatten();
        let margin = is_native.then_some(kappa);
        let off: Vec<Option<String>> = peers
            .map(|outputs| {
                far(case, &projection, [&input, &found], &files.values(&outputs[0]), margin)
            })
            .collect();
        if off.iter().all(Option::is_some) {
            wrong.push(format!("{} on {}: {off:?}", case.name, context.describe()));
        }
    }
    wrong
}

#[test]
fn peers_agree_within_their_rounding() {
    let files = Files::rows();
    let mut counts: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in &files.cases {
        let kind = kind(case);
        let op = OPERATIONS.into_iter().find(|&op| op == case.op).expect("an operation of rows");
        *counts.entry((op, kind)).or_default() += 1;
        let dtype = case.dtype();
        for context in contexts().filter(|context| serves(context, dtype)) {
            if kind == Kind::Refused {
                let table = context.zeros(&case.inputs[0].shape).expect("zeros");
                let names = files.indices(&case.inputs[1]);
                let indices = Indices::upload(context, &names).expect("upload");
                let (projection, _) = asked(case).expect("valid");
                let found = context.project_rows(&projection, &table, &indices);
                assert!(matches!(found, Err(Error::Radius { .. })), "{}", case.name);
                continue;
            }
            wrong.extend(for_dtype!(dtype, T => judge::<T>(context, case, kind, &files)));
        }
    }
    for ((op, kind), count) in &counts {
        say(&format!("golden {op}: {kind:?} {count}"));
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    let total = |kind| -> usize {
        counts.iter().filter(|((_, found), _)| *found == kind).map(|(_, count)| count).sum()
    };
    assert_eq!([Kind::Compared, Kind::Refused, Kind::Ignored].map(total), [15, 1, 2]);
}

#[test]
fn an_error_of_a_hundred_thousandth_is_caught() {
    let files = Files::rows();
    let mut caught = 0;
    for case in files.cases.iter().filter(|case| kind(case) == Kind::Compared) {
        let tight = case.dtype() == normproj::DType::F32 && case.tol.is_none();
        let peer = files.values(&case.outputs[0]);
        if !tight || peer.iter().all(|&y| y == 0.0) {
            continue;
        }
        let (projection, _) = asked(case).expect("valid");
        let input = files.array(&case.inputs[0]);
        let spoilt: Vec<f32> = peer.iter().map(|y| (y * (1.0 + 1e-5)) as f32).collect();
        let found = far(case, &projection, [&input, &spoilt], &peer, Some(4e-7));
        assert!(found.is_some(), "{}", case.name);
        caught += 1;
    }
    assert!(caught >= 8, "{caught}");
}

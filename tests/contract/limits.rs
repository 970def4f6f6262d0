//! Bounds that are tensors in memory: exact, on every context, and as TensorFlow and Optax give them.

use normproj::{
    Context, DType, DeviceBuffer, Error, Layout, OnNonFinite, Projection, Request, reference,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Case, cases};
use crate::contexts::{contexts, contexts_for, say};
use crate::golden_case::{Files, Golden};
use crate::properties::config;
use crate::run::{plans, serves};
use crate::values::{Value, for_dtype, hash};

/// A memory, where a tensor of limits is in it, and its values spread over the shape of another.
struct Limit {
    memory: Vec<f64>,
    layout: Layout,
    spread: Vec<f64>,
}

impl Limit {
    /// A tensor that is spread over a shape, with values as `value` makes them.
    fn new(shape: &[usize], seed: u64, value: impl Fn(usize) -> f64) -> Limit {
        // Leading axes are missing, others have length 1.
        let missing = hash(seed, 1) as usize % (shape.len() + 1)
            * usize::from(hash(seed, 2).is_multiple_of(3));
        let own = |d: usize| if hash(seed, 10 + d).is_multiple_of(3) { 1 } else { shape[d] };
        let own: Vec<usize> = (missing..shape.len()).map(own).collect();
        let offset = hash(seed, 3) as usize % 70;
        let layout = Layout::contiguous(&own).expect("small").at(offset).expect("small");
        let mut memory: Vec<f64> = vec![f64::NAN; layout.end().max(layout.offset()) + 2];
        let places = reference::places(&layout);
        places.iter().enumerate().for_each(|(i, &place)| memory[place] = value(i));
        let spread = (0..shape.iter().product()).map(|element: usize| {
            let (mut rest, mut at, mut stride) = (element, 0, 1);
            for d in (0..shape.len()).rev() {
                let i = rest % shape[d];
                rest /= shape[d];
                if d >= missing {
                    at += if own[d - missing] == 1 { 0 } else { i * stride };
                    stride *= own[d - missing];
                }
            }
            memory[places[at]]
        });
        let spread = spread.collect();
        Limit { memory, layout, spread }
    }

    fn upload(&self, context: &Context, dtype: DType) -> DeviceBuffer {
        let memory = match dtype {
            DType::F64 => context.upload_as(&self.memory, [self.memory.len()]),
            _ => {
                let single: Vec<f32> = self.memory.iter().map(|&x| x as f32).collect();
                context.upload(&single, [single.len()])
            }
        };
        memory.expect("upload").view(self.layout).expect("inside")
    }
}

/// What is wrong with a result: `before` and `after` are the memory that was written.
fn fault<T: Value>(
    projection: &Projection,
    (x, source): (&[T], &Layout),
    limits: [&[f64]; 2],
    (before, after, target): (&[T], &[T], &Layout),
) -> Option<String> {
    let exact = reference::project_with_limits(projection, x, source, limits).expect("valid");
    let mut wanted: Vec<u64> = before.iter().map(|y| y.bits()).collect();
    let (from, to) = (reference::places(source), reference::places(target));
    let mut free = vec![false; wanted.len()];
    for (i, (&from, &to)) in from.iter().zip(&to).enumerate() {
        // What is kept keeps its bits; a bound of zero may have either sign, a NaN any payload.
        let kept = x[from].wide() == exact[i]
            || x[from].is_nan() && projection.policy() == OnNonFinite::Leave;
        let left = reference::limits_of(projection, limits[0][i], limits[1][i], T::DTYPE).is_none();
        free[to] = !(kept || left) && (exact[i] == 0.0 || exact[i].is_nan());
        wanted[to] = if kept || left { x[from].bits() } else { T::of(exact[i]).bits() };
    }
    let wrong = |&i: &usize| {
        let (y, expected) = (after[i], T::from_bits(wanted[i]));
        let alike = y.wide() == expected.wide() || y.is_nan() && expected.is_nan();
        y.bits() != wanted[i] && !(free[i] && alike)
    };
    let place = (0..wanted.len()).find(wrong)?;
    let (y, expected) = (after[place], T::from_bits(wanted[place]));
    Some(format!("place {place}: {y:?}, not {expected:?}"))
}

fn prove<T: Value>(case: &Case, apart: bool) {
    let elements = case.memory::<T>();
    let source = case.source.layout(&case.shape);
    let some = [0.5, 1.0, 0.0, -0.0, f64::INFINITY, f64::NAN, 1e5, 1e-42, 2.0, 0.1];
    let limit = |seed: u64, sign: f64| {
        let value = |i: usize| {
            let bits = hash(seed, 100 + i);
            // Now and then on the wrong side, with nothing between.
            let sign = if bits >> 40 & 7 == 0 { -sign } else { sign };
            let value = sign * some[(bits >> 8) as usize % some.len()];
            if T::DTYPE == DType::F64 { value } else { f64::from(value as f32) }
        };
        Limit::new(&case.shape, seed, value)
    };
    let (low, high) = (limit(case.seed ^ 0x10, -1.0), limit(case.seed ^ 0x41, 1.0));
    let all = [(f64::NEG_INFINITY, f64::INFINITY), (0.0, f64::INFINITY), (-0.3, 0.7)];
    let (least, most) = all[hash(case.seed, 5) as usize % 3];
    let projection = Projection::bounds(least, most).on_non_finite(case.policy);
    let target = case.target.layout(&case.shape);
    let room = case.target.memory(&case.shape, !case.seed, |_| T::of(f64::NAN));
    let request = match apart {
        true => Request::into(projection, source, target),
        false => Request::in_place(projection, source).with_report(),
    };
    let request = request.of(T::DTYPE).with_limits(low.layout, high.layout);
    let limits = [&low.spread[..], &high.spread];
    for context in contexts_for(case.seed).filter(|context| serves(context, T::DTYPE)) {
        for plan in plans(context, &request, case.seed) {
            let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
            let from = context.upload_as(&elements, [elements.len()]).expect("upload");
            let apart_from = context.upload_as(&room, [room.len()]).expect("upload");
            let (to, layout) = if apart { (&apart_from, target) } else { (&from, source) };
            let (x, y) = (from.view(source).expect("view"), to.view(layout).expect("view"));
            let [low, high] = [&low, &high].map(|limit| limit.upload(context, T::DTYPE));
            let pending = context.run_with_limits(&plan, &x, &y, &low, &high).expect("valid");
            let before = if apart { &room } else { &elements };
            let after: Vec<T> = to.read_as().expect("read");
            let found = fault(&projection, (&elements, &source), limits, (before, &after, &layout));
            if let Some(wrong) = found {
                panic!("{wrong}: {}", place());
            }
            if !apart && !source.is_empty() {
                let report = pending.wait().expect("a report");
                let none = |i: &usize| {
                    reference::limits_of(&projection, limits[0][*i], limits[1][*i], T::DTYPE)
                        .is_none()
                };
                let invalid = (0..source.len()).filter(none).count();
                assert_eq!(report.invalid, invalid as u64, "{}", place());
                let moved = reference::places(&source).into_iter();
                let moved = moved
                    .filter(|&i| !elements[i].is_nan() && elements[i].wide() != after[i].wide());
                assert_eq!(report.changed, moved.count() as u64, "{}", place());
            }
        }
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn limits_in_memory_are_exact(case in cases(), dtype in select(DType::ALL.to_vec())) {
        for_dtype!(dtype, T => prove::<T>(&case, false));
    }

    #[test]
    fn limits_in_memory_into_another_view(case in cases(), dtype in select(DType::ALL.to_vec())) {
        for_dtype!(dtype, T => prove::<T>(&case, true));
    }
}

#[test]
fn planted_errors_are_caught() {
    let layout = Layout::contiguous([4]).expect("small");
    let projection = Projection::bounds(f64::NEG_INFINITY, f64::INFINITY);
    let x = [3.0f32, -2.0, 0.5, f32::NAN];
    let limits = [&[-1.0, -1.0, f64::NAN, 0.0][..], &[1.0, 2.0, 0.0, 0.0]];
    let judged = |y: [f32; 4]| fault(&projection, (&x, &layout), limits, (&x, &y, &layout));
    assert_eq!(judged([1.0, -1.0, 0.5, f32::NAN]), None);
    for wrong in [
        [2.0, -1.0, 0.5, f32::NAN], // the limit of its neighbour
        [1.0, -1.0, 0.0, f32::NAN], // a limit that is NaN, obeyed
        [1.0, -2.0, 0.5, f32::NAN], // not moved
        [1.0, -1.0, 0.5, 0.0],      // a NaN that moved
    ] {
        assert!(judged(wrong).is_some(), "{wrong:?}");
    }
}

/// The cases of peers whose bounds are tensors.
fn golden(files: &Files) -> Vec<&Golden> {
    let tensors = |case: &&Golden| match case.op.as_str() {
        "optax_projection_box" => !case.args.contains_key("lower"),
        "tf_clip_by_value" => case.args["min"].is_null(),
        _ => false,
    };
    files.cases.iter().filter(tensors).collect()
}

#[test]
fn peers_agree_to_the_last_bit() {
    let files = Files::open();
    let projection = Projection::bounds(f64::NEG_INFINITY, f64::INFINITY);
    let (mut compared, mut refused) = (0, 0);
    for case in golden(&files) {
        let arrays: Vec<Vec<f32>> = case.inputs.iter().map(|x| files.array(x)).collect();
        for context in contexts() {
            let tensor =
                |i: usize| context.upload(&arrays[i], &case.inputs[i].shape).expect("upload");
            let (x, low, high) = (tensor(0), tensor(1), tensor(2));
            let done = context.project_with_limits(&projection, &x, &low, &high);
            if case.expects_error.is_some() {
                assert!(matches!(done, Err(Error::Shape { .. })), "{}: {done:?}", case.name);
                continue;
            }
            done.expect("valid");
            let (found, peer) = (x.read().expect("read"), files.array(&case.outputs[0]));
            let alike = |(y, peer): (&f32, &f32)| y == peer || y.is_nan() && peer.is_nan();
            let same = found.iter().zip(&peer).all(alike);
            assert!(same, "{} on {}: {found:?}, not {peer:?}", case.name, context.describe());
        }
        *(if case.expects_error.is_some() { &mut refused } else { &mut compared }) += 1;
    }
    say(&format!("golden bounds that are tensors: compared {compared}, refused {refused}"));
    assert_eq!((compared, refused), (3, 1));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for context in contexts() {
        let tensor = |shape: &[usize]| context.zeros(shape).expect("zeros");
        let (x, one) = (tensor(&[3, 4]), tensor(&[]));
        let bounds = Projection::bounds(-1.0, 1.0);
        let by = |projection: Projection, low: &DeviceBuffer, high: &DeviceBuffer| {
            context.project_with_limits(&projection, &x, low, high).expect_err("refused")
        };
        let max_norm = Projection::max_norm(1.0, 0);
        assert!(matches!(by(max_norm, &one, &one), Error::NoLimits { .. }));
        assert!(matches!(by(bounds, &tensor(&[3]), &one), Error::Shape { .. }));
        assert!(matches!(by(bounds, &one, &tensor(&[1, 3, 4])), Error::Shape { .. }));
        let halves = context.zeros_as([4], DType::BF16).expect("zeros");
        assert!(matches!(by(bounds, &one, &halves), Error::Dtype { .. }));
        assert!(matches!(by(bounds, &one, &x), Error::Overlap { .. }));
        let request = Request::in_place(bounds, *x.layout());
        let plan = context.plan(&request).expect("valid");
        let given = context.run_with_limits(&plan, &x, &x, &one, &one);
        assert!(matches!(given, Err(Error::PlanMismatch { .. })));
    }
}

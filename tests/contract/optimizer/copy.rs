//! Copies in 16 bits of weights in f32: their rounding, whatever updates and projects them, and nothing beside them.

use normproj::{
    Axes, Context, DType, DeviceBuffer, Error, Layout, Norm, OnNonFinite, Optimizer, Projection,
    Rounding, Update, ZeroSlice, bf16, f16, reference,
};

use super::stepping;
use crate::run::{all_plans, plans};
use crate::values::{Fill, Value, for_dtype, neighbour};

const COPIES: [DType; 2] = [DType::F16, DType::BF16];

/// What is wrong with the memory of a copy: one element that is not its weight to nearest, or that is not of the copy and
/// changed.
fn wrong<H: Value>(weights: &[f32], view: &Layout, before: &[H], after: &[H]) -> Option<String> {
    let mut expected: Vec<H> = before.to_vec();
    for (place, &weight) in reference::places(view).into_iter().zip(weights) {
        expected[place] = nearest(weight);
    }
    let inside = reference::places(view);
    let same = |place: usize| {
        let nan = expected[place].is_nan() && after[place].is_nan();
        expected[place].bits() == after[place].bits() || nan && inside.contains(&place)
    };
    let place = (0..before.len()).find(|&place| !same(place))?;
    Some(format!("{place} is {:?}, not {:?}, in {view:?}", after[place], expected[place]))
}

/// As `half` has it: from f32, because from f64 it drops the last bits before it rounds.
fn nearest<H: Value>(x: f32) -> H {
    let bits = match H::DTYPE {
        DType::F16 => f16::from_f32(x).to_bits(),
        _ => bf16::from_f32(x).to_bits(),
    };
    H::from_bits(bits.into())
}

/// Weights, and their copy in larger memory.
struct Pair<H> {
    weights: DeviceBuffer,
    memory: DeviceBuffer,
    copy: DeviceBuffer,
    before: Vec<H>,
}

impl<H: Value> Pair<H> {
    /// Weights at the first element of `view` in memory that holds as much before it, and the copy from `offset` on.
    fn new(context: &Context, weights: &[f32], view: &Layout, offset: usize) -> Self {
        let mut host = vec![f32::NAN; view.end() + 5];
        for (place, &weight) in reference::places(view).into_iter().zip(weights) {
            host[place] = weight;
        }
        let weights = context.upload(&host, [host.len()]).and_then(|all| all.view(*view));
        let copy = Layout::strided(view.shape(), view.strides(), offset).expect("a view");
        let before: Vec<H> = (0..copy.end() + 5).map(|i| neighbour(7, i)).collect();
        let memory = context.upload_as(&before, [before.len()]).expect("upload");
        let copy = memory.view(copy).expect("it is inside");
        Pair { weights: weights.expect("upload"), memory, copy, before }
    }

    fn check(&self, what: &dyn std::fmt::Debug) {
        let weights = self.weights.read().expect("read");
        let after = self.memory.read_as::<H>().expect("read");
        let found = wrong(&weights, self.copy.layout(), &self.before, &after);
        assert_eq!(found, None, "{what:?} on {}", self.weights.context().describe());
    }
}

fn fill(seed: u64, count: usize) -> Vec<f32> {
    (0..count).map(|i| Fill::Normal.value(seed, i)).collect()
}

fn updates() -> [Update; 3] {
    [Update::sgd(0.5), Update::momentum(0.25, 0.875).nesterov(), Update::adam(0.125)]
}

/// Three steps by some of the schedules.
fn follow<H: Value>(
    context: &Context,
    (view, offset): (&Layout, usize),
    projection: Projection,
    update: Update,
    seed: u64,
) {
    let count = view.len();
    let start = fill(seed, count);
    let gradients: Vec<DeviceBuffer> =
        (1..=3).map(|t| Pair::<H>::new(context, &fill(seed ^ t, count), view, 0).weights).collect();
    let optimizer = || {
        let pair = Pair::<H>::new(context, &start, view, offset);
        let optimizer = Optimizer::new(update, projection, &pair.weights).expect("valid");
        (optimizer.copy_to(&pair.copy).expect("it fits"), pair)
    };
    let request = optimizer().0.request(&gradients[0], seed.is_multiple_of(2));
    for plan in plans(context, &request, seed) {
        let (mut optimizer, pair) = optimizer();
        for gradient in &gradients {
            optimizer.step_by(plan.clone(), gradient).expect("it runs").wait().ok();
            pair.check(&(update, plan.schedule()));
        }
    }
}

/// Views, where their copies begin, and the axes of slices.
fn views() -> Vec<(Layout, usize, Axes)> {
    let view = |shape: &[usize], strides: &[usize], offset: usize| {
        Layout::strided(shape, strides, offset).expect("a view")
    };
    vec![
        (view(&[9, 260], &[260, 1], 0), 0, 1.into()),
        (view(&[7, 33], &[33, 1], 3), 5, 1.into()),
        (view(&[6, 8], &[8, 1], 4), 3, 1.into()),
        (view(&[6, 8], &[12, 1], 4), 12, 0.into()),
        (view(&[130, 36], &[36, 1], 0), 4, 0.into()),
        (view(&[37, 19], &[19, 1], 0), 1, 0.into()),
        (view(&[5, 7], &[20, 2], 3), 6, 1.into()),
        (view(&[11, 3], &[1, 11], 5), 2, 0.into()),
        (view(&[3, 5, 4], &[20, 4, 1], 0), 0, [0, 2].into()),
        (view(&[2, 40_003], &[40_003, 1], 0), 7, 1.into()),
        (view(&[1], &[1], 1), 1, Axes::all()),
    ]
}

#[test]
fn a_copy_is_the_rounding_of_projected_weights() {
    for context in stepping() {
        for (turn, (view, offset, axes)) in views().into_iter().enumerate() {
            for (number, update) in updates().into_iter().enumerate() {
                let dtype = COPIES[(turn + number) % 2];
                let (seed, projection) =
                    ((3 * turn + number) as u64, Projection::max_norm(1.5, axes));
                for_dtype!(dtype, H => follow::<H>(context, (&view, offset), projection, update, seed));
            }
        }
    }
}

/// Sets whose slices are multiplied, moved or clamped, and those of zeros that become something.
#[test]
fn a_copy_follows_every_rule() {
    let (view, other) = (Layout::contiguous([12, 40]), Layout::contiguous([40, 12]));
    for context in stepping() {
        for (turn, (view, axis)) in [(&view, 1), (&other, 0)].into_iter().enumerate() {
            let view = view.as_ref().expect("small");
            for (number, projection) in [
                Projection::ball(Norm::L1, 2.0, axis),
                Projection::ball(Norm::Linf, 0.5, axis),
                Projection::sphere(Norm::L2, 3.0, axis),
                Projection::unit_norm(axis).zero_slices(ZeroSlice::BasisVector),
                Projection::max_norm(f64::INFINITY, axis),
                // The rounding of what is inside a set is not that of a copy.
                Projection::max_norm(1.0, axis).rounding(Rounding::TowardZero),
            ]
            .into_iter()
            .enumerate()
            {
                let (seed, update) = ((turn + number) as u64, updates()[number % 3]);
                let dtype = COPIES[(turn + number) % 2];
                for_dtype!(dtype, H => follow::<H>(context, (view, 0), projection, update, seed));
            }
        }
    }
}

/// Slices of zeros that become a basis vector, beside others: the CPU backend leaves them to another path.
#[test]
fn zeros_that_become_something_are_copied() {
    for context in stepping() {
        let view = Layout::contiguous([3, 8]).expect("small");
        let mut start = fill(4, 24);
        start[8..16].fill(0.0);
        let pair = Pair::<bf16>::new(context, &start, &view, 0);
        let gradient = context.zeros([3, 8]).expect("zeros");
        let projection = Projection::unit_norm(1).zero_slices(ZeroSlice::BasisVector);
        let optimizer = Optimizer::new(Update::sgd(0.5), projection, &pair.weights).expect("valid");
        optimizer.copy_to(&pair.copy).and_then(|mut o| o.step(&gradient)).expect("it runs");
        pair.check(&"zeros");
        assert_eq!(pair.weights.read().expect("read")[8], 1.0);
    }
}

/// More than a cache has, by all threads; also in panels.
#[test]
fn a_copy_of_many_weights_is_written_by_all_threads() {
    for context in stepping() {
        for (shape, axis) in [([1000, 384], 1), ([600, 512], 0), ([40, 8192], 0), ([1, 400_001], 1)]
        {
            let view = Layout::contiguous(shape).expect("small");
            let projection = Projection::max_norm(4.0, axis);
            follow::<f16>(context, (&view, 0), projection, Update::sgd(0.5), 3);
        }
    }
}

/// Ties, subnormal numbers, what is beyond the dtype, and NaN of every payload.
fn hard() -> Vec<f32> {
    let tie = |place: i32, odd: f32| 1.0 + odd * 2f32.powi(place);
    let ties = [-11, -8].into_iter().flat_map(|place| [1.0, 3.0, 5.0].map(|odd| tie(place, odd)));
    let nans = [0x7fc0_0000, 0x7fff_ffff, 0xffff_ffff, 0x7fc0_0001].map(f32::from_bits);
    let edges = [65519.9, 65520.0, 1e6, 3.39e38, 6e-8, 3.1e-8, 2.98e-8, 2.9e-8, 6.1e-5, 1.2e-38];
    let all = ties.chain(edges).flat_map(|x| [x, -x]);
    let mut all: Vec<f32> = all.chain(nans).chain([f32::INFINITY, 0.0, -0.0, 2.5]).collect();
    all.resize(40, 1.0);
    all
}

#[test]
fn a_copy_is_rounded_to_nearest_even_and_keeps_nan() {
    for context in stepping() {
        for dtype in COPIES {
            for (shape, offset) in [([1, 40], 0), ([40, 1], 0), ([1, 40], 1)] {
                for_dtype!(dtype, H => {
                    let view = Layout::contiguous(shape).expect("small");
                    let gradient = context.zeros(shape).expect("zeros");
                    let free = Projection::max_norm(f64::INFINITY, Axes::each());
                    let optimizer = || {
                        let pair = Pair::<H>::new(context, &hard(), &view, offset);
                        let optimizer = Optimizer::new(Update::sgd(1.0), free, &pair.weights);
                        (optimizer.and_then(|o| o.copy_to(&pair.copy)).expect("it fits"), pair)
                    };
                    let request = optimizer().0.request(&gradient, false);
                    let mut every = all_plans(context, &request);
                    every.truncate(3);
                    for plan in every {
                        let (mut optimizer, pair) = optimizer();
                        let by = plan.schedule();
                        optimizer.step_by(plan, &gradient).expect("it runs").wait().ok();
                        pair.check(&by);
                        let copy = pair.copy.read_as::<H>().expect("read");
                        assert_eq!(copy.iter().filter(|x| x.is_nan()).count(), 4, "{by}");
                    }
                });
            }
        }
    }
}

#[test]
fn what_becomes_of_nan_is_copied() {
    for context in stepping() {
        for policy in [OnNonFinite::Leave, OnNonFinite::Zero, OnNonFinite::Propagate] {
            let view = Layout::contiguous([3, 8]).expect("small");
            let pair = Pair::<f16>::new(context, &fill(1, 24), &view, 0);
            let mut gradient = vec![0.0; 24];
            gradient[9] = f32::NAN;
            let gradient = context.upload(&gradient, [3, 8]).expect("upload");
            let projection = Projection::max_norm(1.0, 1).on_non_finite(policy);
            let optimizer = Optimizer::new(Update::sgd(1.0), projection, &pair.weights);
            let optimizer = optimizer.and_then(|o| o.copy_to(&pair.copy));
            optimizer.expect("it fits").step(&gradient).expect("it runs");
            pair.check(&policy);
        }
    }
}

/// A step that is skipped leaves weights, and so their copy.
#[test]
fn a_skipped_step_leaves_the_copy() {
    for context in stepping() {
        for shape in [[6usize, 40], [2, 70_000]] {
            let view = Layout::contiguous(shape).expect("small");
            let count = shape[0] * shape[1];
            let pair = Pair::<bf16>::new(context, &fill(2, count), &view, 0);
            let gradient = context.upload(&fill(3, count), shape).expect("upload");
            let flag = context.upload(&[1.0], [1]).expect("upload");
            let projection = Projection::max_norm(1.0, 1);
            let optimizer = Optimizer::new(Update::adam(0.1), projection, &pair.weights);
            let optimizer = optimizer.and_then(|o| o.skip_from(&flag)?.copy_to(&pair.copy));
            let mut optimizer = optimizer.expect("it fits");
            let bits = || -> Vec<u64> {
                pair.memory.read_as::<bf16>().expect("read").iter().map(|x| x.bits()).collect()
            };
            let before = bits();
            optimizer.step(&gradient).expect("it runs");
            assert_eq!(bits(), before);
            flag.write(&[0.0f32]).expect("writable");
            optimizer.step(&gradient).expect("it runs");
            pair.check(&shape);
            let after = bits();
            assert_ne!(after, before);
            flag.write(&[1.0f32]).expect("writable");
            optimizer.step(&gradient).expect("it runs");
            assert_eq!(bits(), after);
        }
    }
}

/// What was bound to a copy is not what the next is written by.
#[test]
fn another_copy_takes_its_place() {
    for context in stepping() {
        let view = Layout::contiguous([4, 8]).expect("small");
        let pair = Pair::<f16>::new(context, &fill(2, 32), &view, 0);
        let other = context.zeros_as([4, 8], DType::F16).expect("zeros");
        let gradient = context.upload(&fill(3, 32), [4, 8]).expect("upload");
        let optimizer =
            Optimizer::new(Update::sgd(0.5), Projection::max_norm(1.0, 1), &pair.weights);
        let mut optimizer = optimizer.and_then(|o| o.copy_to(&pair.copy)).expect("it fits");
        optimizer.step(&gradient).expect("it runs");
        let first = pair.copy.read_as::<f16>().expect("read");
        let mut optimizer = optimizer.copy_to(&other).expect("it fits");
        optimizer.step(&gradient).expect("it runs");
        assert_eq!(pair.copy.read_as::<f16>().expect("read"), first);
        let weights = pair.weights.read().expect("read");
        let narrowed: Vec<f16> = weights.into_iter().map(f16::from_f32).collect();
        assert_eq!(other.read_as::<f16>().expect("read"), narrowed);
        assert!(optimizer.copy().is_some_and(|copy| copy.shares_memory_with(&other)));
    }
}

#[test]
fn nothing_is_copied_of_nothing() {
    for context in stepping() {
        let (weights, gradient) = (context.zeros([0, 3]).unwrap(), context.zeros([0, 3]).unwrap());
        let copy = context.zeros_as([0, 3], DType::BF16).expect("zeros");
        let optimizer = Optimizer::new(Update::adam(0.1), Projection::max_norm(1.0, 1), &weights);
        optimizer.and_then(|o| o.copy_to(&copy)?.step(&gradient)).expect("it runs");
    }
}

#[test]
fn copies_that_do_not_fit_are_refused() {
    for context in stepping() {
        let of = |shape: [usize; 2], dtype| context.zeros_as(shape, dtype).expect("zeros");
        let projection = Projection::max_norm(1.0, 1);
        let new = |weights: &DeviceBuffer| {
            Optimizer::new(Update::sgd(0.1), projection, weights).expect("valid")
        };
        let weights = of([4, 6], DType::F32);
        let refused =
            |copy: &DeviceBuffer| new(&weights).copy_to(copy).expect_err("it does not fit");
        let error = refused(&of([6, 4], DType::F16));
        assert!(matches!(error, Error::Shape { what: "the copy", .. }), "{error:?}");
        for dtype in [DType::F32, DType::F64] {
            let error = refused(&of([4, 6], dtype));
            assert!(matches!(error, Error::Dtype { found, .. } if found == dtype), "{error:?}");
        }
        let transposed = of([6, 4], DType::BF16).view(Layout::strided([4, 6], [1, 4], 0).unwrap());
        let error = refused(&transposed.expect("inside"));
        assert!(matches!(error, Error::PlanMismatch { .. }), "{error:?}");
        let error = refused(&Context::cpu().zeros_as([4, 6], DType::F16).expect("zeros"));
        assert!(matches!(error, Error::OtherContext { .. }), "{error:?}");
        let halves = of([4, 6], DType::F16);
        let error = new(&halves).copy_to(&of([4, 6], DType::F16)).expect_err("weights in 16 bits");
        assert!(matches!(error, Error::Dtype { expected: DType::F32, .. }), "{error:?}");
        // One buffer for both, or for the copy and the gradient.
        let arena = of([12, 6], DType::F32);
        let at = |offset| Layout::contiguous([4, 6]).unwrap().at(offset).unwrap();
        let (own, gradient) = (arena.view(at(0)).unwrap(), arena.view(at(24)).unwrap());
        let beside = arena.view_as(at(96), DType::F16).expect("inside");
        let error = new(&own).copy_to(&beside).expect_err("one buffer");
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        let error = new(&weights).copy_to(&beside).and_then(|mut o| o.step(&gradient));
        let error = error.expect_err("one buffer");
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
    }
}

#[test]
fn a_copy_that_is_off_is_caught() {
    let view = Layout::strided([2, 2], [3, 1], 1).expect("a view");
    let weights = [1.0 + 2f32.powi(-9), -3.1, f32::NAN, 1e-3];
    let before: Vec<f16> = (0..8).map(|i| neighbour(1, i)).collect();
    let mut right = before.clone();
    for (place, weight) in [1, 2, 4, 5].into_iter().zip(weights) {
        right[place] = f16::from_f32(weight);
    }
    assert_eq!(wrong(&weights, &view, &before, &right), None);
    for place in 0..8 {
        let mut off = right.clone();
        // One step, in what is beside the copy too; no NaN.
        off[place] = match off[place].is_nan() {
            true => f16::INFINITY,
            false => f16::from_bits(off[place].to_bits() ^ 1),
        };
        assert!(wrong(&weights, &view, &before, &off).is_some(), "{place}");
    }
}

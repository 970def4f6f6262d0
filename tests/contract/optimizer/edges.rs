//! Views, policies, errors, and a thousand steps.

use normproj::{
    Axes, Clip, Context, DType, DeviceBuffer, Error, Group, Layout, Model, OnNonFinite, Optimizer,
    Projection, Update,
};

use super::stepping;
use crate::values::Fill;

fn fill(seed: u64, count: usize) -> Vec<f32> {
    (0..count).map(|i| Fill::Normal.value(seed, i)).collect()
}

fn upload(context: &Context, seed: u64, shape: &[usize]) -> DeviceBuffer {
    context.upload(&fill(seed, shape.iter().product()), shape).expect("upload")
}

fn every_update() -> [Update; 5] {
    let momentum = Update::momentum(0.01, 0.9).weight_decay(1e-3);
    let adam = Update::adam_w(0.003, 0.02);
    [Update::sgd(0.05), momentum, momentum.nesterov(), momentum.rate_in_momentum(), adam]
}

/// A step whose set is everything, and then a projection.
#[test]
fn a_thousand_fused_steps_are_a_thousand_of_two_parts() {
    let shape = [40, 96];
    for context in stepping() {
        for update in every_update() {
            for axis in [0, 1] {
                let projection = Projection::max_norm(1.5, axis);
                let (fused, apart) = (upload(context, 7, &shape), upload(context, 7, &shape));
                let free = Projection::max_norm(f64::INFINITY, axis);
                let mut one = Optimizer::new(update, projection, &fused).expect("valid");
                let mut two = Optimizer::new(update, free, &apart).expect("valid");
                for step in 0..1000 {
                    let gradient = upload(context, 100 + step, &shape);
                    one.step(&gradient).expect("it runs");
                    two.step(&gradient).expect("it runs");
                    context.project(&projection, &apart).expect("valid");
                }
                let (a, b) = (fused.read().expect("read"), apart.read().expect("read"));
                let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
                assert!(far <= 2e-5, "{update} over {axis}: {far:e}");
                assert_eq!(one.steps().expect("counted"), 1000);
            }
        }
    }
}

/// Slices inside keep the bits of the update.
#[test]
fn slices_inside_are_the_update_bit_for_bit() {
    let shape = [300, 257];
    for context in stepping() {
        for update in every_update() {
            let (fused, apart) = (upload(context, 1, &shape), upload(context, 1, &shape));
            // Some rows are inside, some are not.
            let projection = Projection::max_norm(16.0, 1);
            let free = Projection::max_norm(f64::INFINITY, 1);
            let mut one = Optimizer::new(update, projection, &fused).expect("valid");
            let mut two = Optimizer::new(update, free, &apart).expect("valid");
            let gradient = upload(context, 2, &shape);
            let report = one.step_reported(&gradient).expect("it runs").wait().expect("planned");
            two.step(&gradient).expect("it runs");
            let norms = context.zeros([300]).expect("zeros");
            context.norms(normproj::Norm::L2, 1, &apart, &norms).expect("valid");
            let (norms, fused, apart) =
                (norms.read().unwrap(), fused.read().unwrap(), apart.read().unwrap());
            let mut inside = 0;
            for (row, norm) in norms.iter().enumerate().filter(|(_, norm)| **norm < 15.999) {
                let (a, b) = (&fused[row * 257..][..257], &apart[row * 257..][..257]);
                assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()), "{row} {norm}");
                inside += 1;
            }
            assert!(inside > 50 && report.changed > 50, "{inside} {report:?}");
            let (first, other) = (one.first(), two.first());
            let bits = |buffer: &DeviceBuffer| -> Vec<u32> {
                buffer.read().expect("read").iter().map(|x| x.to_bits()).collect()
            };
            assert_eq!(first.map(bits), other.map(bits));
        }
    }
}

/// Weights and gradients inside larger memory, by strides: nothing beside them changes.
#[test]
fn neighbours_of_weights_keep_their_bits() {
    let layout = |offset| Layout::strided([5, 7], [20, 2], offset).expect("a view");
    for context in stepping() {
        for update in every_update() {
            let memory = upload(context, 3, &[120]);
            let beside = upload(context, 4, &[130]);
            let before = memory.read().expect("read");
            let (weights, gradient) =
                (memory.view(layout(3)).unwrap(), beside.view(layout(6)).unwrap());
            let contiguous = context.upload(&weights.read().unwrap(), [5, 7]).unwrap();
            let direct = context.upload(&gradient.read().unwrap(), [5, 7]).unwrap();
            let projection = Projection::max_norm(1.0, 1);
            let mut strided = Optimizer::new(update, projection, &weights).expect("valid");
            let mut plain = Optimizer::new(update, projection, &contiguous).expect("valid");
            for _ in 0..3 {
                strided.step(&gradient).expect("it runs");
                plain.step(&direct).expect("it runs");
            }
            let (a, b) = (weights.read().unwrap(), contiguous.read().unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-6), "{update}");
            let after = memory.read().expect("read");
            let inside = |i: usize| (0..5).any(|r| (0..7).any(|c| 3 + 20 * r + 2 * c == i));
            for i in (0..120).filter(|&i| !inside(i)) {
                assert_eq!(after[i].to_bits(), before[i].to_bits(), "{i}");
            }
        }
    }
}

#[test]
fn a_gradient_that_is_not_finite_stays_in_its_slice() {
    for context in stepping() {
        for policy in [OnNonFinite::Leave, OnNonFinite::Zero] {
            let weights = context.upload(&[1.0; 6], [3, 2]).expect("upload");
            let gradient = [0.0, 0.0, f32::NAN, 0.0, 0.0, f32::INFINITY];
            let gradient = context.upload(&gradient, [3, 2]).expect("upload");
            let projection = Projection::max_norm(1.0, 1).on_non_finite(policy);
            let mut optimizer = Optimizer::new(Update::sgd(1.0), projection, &weights).unwrap();
            optimizer.step(&gradient).expect("it runs");
            let y = weights.read().expect("read");
            assert!((y[0] - 0.5f32.sqrt()).abs() < 1e-6, "{y:?}");
            match policy {
                OnNonFinite::Zero => assert_eq!(y[2..], [0.0; 4]),
                _ => assert!(
                    y[2].is_nan() && y[3] == 1.0 && y[4] == 1.0 && y[5] == f32::NEG_INFINITY
                ),
            }
        }
    }
}

/// Gradients in the memory of the weights, beside them: on the CPU.
#[test]
fn one_arena_holds_weights_and_gradients() {
    for context in stepping() {
        let arena = context.upload(&[3.0, 4.0, 0.0, 1.0], [4]).expect("upload");
        let half =
            |offset| arena.view(Layout::contiguous([2]).unwrap().at(offset).unwrap()).unwrap();
        let projection = Projection::max_norm(1.0, Axes::all());
        let mut optimizer = Optimizer::new(Update::sgd(1.0), projection, &half(0)).expect("valid");
        if context.as_gpu().is_some() {
            // A dispatch binds a buffer in one way: weights are written, gradients are not.
            let error = optimizer.step(&half(2)).expect_err("one buffer");
            assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
            continue;
        }
        optimizer.step(&half(2)).expect("it runs");
        let y = arena.read().expect("read");
        let r = 18f32.sqrt();
        assert!((y[0] - 3.0 / r).abs() < 1e-6 && (y[1] - 3.0 / r).abs() < 1e-6, "{y:?}");
        assert_eq!(y[2..], [0.0, 1.0]);
        let error = optimizer.step(&half(1)).expect_err("it shares an element");
        assert!(matches!(error, Error::Overlap { .. }), "{error:?}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for context in stepping() {
        let weights = context.zeros([4, 6]).expect("zeros");
        let projection = Projection::max_norm(1.0, 1);
        let new = |update| Optimizer::new(update, projection, &weights);
        for update in [
            Update::sgd(f64::NAN),
            Update::momentum(0.1, 1.5),
            Update::momentum(0.1, 0.9).dampening(-1.0),
            Update::adam(0.1).betas(1.0, 0.9),
            Update::adam(0.1).epsilon(-1.0),
            Update::sgd(0.1).weight_decay(f64::INFINITY),
        ] {
            let error = new(update).expect_err("it is no update");
            assert!(matches!(error, Error::Update { .. }), "{error:?}");
        }
        let mut optimizer = new(Update::sgd(0.1)).expect("valid");
        let of = |shape: &[usize]| context.zeros(shape).expect("zeros");
        let shape = optimizer.step(&of(&[6, 4])).expect_err("another shape");
        assert!(matches!(shape, Error::Shape { what: "the gradient", .. }), "{shape:?}");
        let wide = context.zeros_as([4, 6], DType::F64).expect("zeros");
        let dtype = optimizer.step(&wide).expect_err("another dtype");
        assert!(matches!(dtype, Error::Dtype { what: "the gradient", .. }), "{dtype:?}");
        let transposed = of(&[6, 4]).view(Layout::strided([4, 6], [1, 4], 0).unwrap()).unwrap();
        let strides = optimizer.step(&transposed).expect_err("other strides");
        assert!(matches!(strides, Error::PlanMismatch { .. }), "{strides:?}");
        assert!(optimizer.set_rate(f64::INFINITY).is_err());
        assert_eq!(optimizer.steps().expect("counted"), 0);
        let elsewhere = Context::cpu().zeros([4, 6]).expect("zeros");
        let other = optimizer.step(&elsewhere).expect_err("another context");
        assert!(matches!(other, Error::OtherContext { .. }), "{other:?}");
    }
}

#[test]
fn the_rate_may_change() {
    for context in stepping() {
        let weights = context.upload(&[1.0], [1]).expect("upload");
        let gradient = context.upload(&[1.0], [1]).expect("upload");
        let free = Projection::max_norm(f64::INFINITY, 0);
        let mut optimizer = Optimizer::new(Update::sgd(0.5), free, &weights).expect("valid");
        optimizer.step(&gradient).expect("it runs");
        optimizer.set_rate(0.25).expect("finite");
        optimizer.step(&gradient).expect("it runs");
        assert_eq!(weights.read().expect("read"), [0.25]);
    }
}

#[test]
fn nothing_is_stepped_of_nothing() {
    for context in stepping() {
        for shape in [[0, 3], [3, 0]] {
            let (weights, gradient) =
                (context.zeros(shape).unwrap(), context.zeros(shape).unwrap());
            let projection = Projection::max_norm(1.0, 1);
            let mut optimizer =
                Optimizer::new(Update::adam(0.1), projection, &weights).expect("valid");
            optimizer.step(&gradient).expect("it runs");
        }
    }
}

/// The rate, the factor of a clip and its flag are read from the device; a step that is skipped leaves no trace.
#[test]
fn numbers_on_the_device_are_what_counts() {
    let shape = [6, 300];
    for context in stepping() {
        for update in every_update() {
            let projection = Projection::max_norm(1.0, 1);
            let gradient = upload(context, 5, &shape);
            let poisoned = fill(5, 1800).into_iter().map(|x| if x > 2.0 { f32::NAN } else { x });
            let poisoned: Vec<f32> = poisoned.collect();
            assert!(poisoned.iter().any(|x| x.is_nan()));
            let poisoned = context.upload(&poisoned, shape).expect("upload");
            let number = |value: f32| context.upload(&[value], [1]).expect("upload");
            let (rate, factor, flag) = (number(0.03), number(0.5), number(0.0));
            let request = |optimizer: &Optimizer| optimizer.request(&gradient, true);
            let (one, two) = (upload(context, 6, &shape), upload(context, 6, &shape));
            let read = Optimizer::new(update, projection, &one).expect("valid");
            let read = read.rate_from(&rate).and_then(|o| o.factor_from(&factor));
            let mut read = read.and_then(|o| o.skip_from(&flag)).expect("they fit");
            let mut told = Optimizer::new(update.scaled(0.5), projection, &two).expect("valid");
            told.set_rate(0.03).expect("finite");
            let schedules = normproj::Plan::legal_schedules(&request(&read), context.profile());
            let schedules = schedules.expect("a valid request");
            // One of each kind: the first and the last.
            let kinds = [schedules[0], schedules[schedules.len() - 1]];
            for schedule in kinds.into_iter().chain(kinds) {
                let forced = |optimizer: &Optimizer| {
                    let request = optimizer.request(&gradient, false);
                    normproj::Plan::with_schedule(&request, context.profile(), schedule)
                };
                let bits = |optimizer: &Optimizer| -> Vec<Vec<u32>> {
                    let buffers =
                        [Some(optimizer.weights()), optimizer.first(), optimizer.second()];
                    let read = |buffer: &DeviceBuffer| buffer.read().expect("read");
                    let numbers = buffers.into_iter().flatten().map(read);
                    numbers.map(|x| x.iter().map(|x| x.to_bits()).collect()).collect()
                };
                read.step_by(forced(&read).expect("legal"), &gradient)
                    .expect("it runs")
                    .wait()
                    .ok();
                told.step_by(forced(&told).expect("legal"), &gradient)
                    .expect("it runs")
                    .wait()
                    .ok();
                let far = |a: &[u32], b: &[u32]| {
                    a.iter().zip(b).any(|(a, b)| {
                        let (a, b) = (f32::from_bits(*a), f32::from_bits(*b));
                        (a - b).abs() > 1e-5 * (1.0 + a.abs())
                    })
                };
                let (a, b) = (bits(&read), bits(&told));
                assert!(a.iter().zip(&b).all(|(a, b)| !far(a, b)), "{update} by {schedule}");
                flag.write(&[1.0f32]).expect("writable");
                let steps = read.steps().expect("counted");
                for gradient in [&poisoned, &gradient] {
                    let plan = forced(&read).expect("legal");
                    read.step_by(plan, gradient).expect("it runs").wait().ok();
                    assert_eq!(bits(&read), a, "{update} by {schedule}");
                    assert_eq!(read.steps().expect("counted"), steps);
                }
                flag.write(&[0.0f32]).expect("writable");
            }
        }
    }
}

/// A step that is skipped does not project either.
#[test]
fn a_skipped_step_projects_nothing() {
    for context in stepping() {
        for shape in [[2usize, 8], [2, 70_000]] {
            let weights = context.upload(&vec![1.0; shape[0] * shape[1]], shape).expect("upload");
            let gradient = context.zeros(shape).expect("zeros");
            let flag = context.upload(&[1.0], [1]).expect("upload");
            let projection = Projection::max_norm(1.0, 1);
            let optimizer = Optimizer::new(Update::sgd(0.1), projection, &weights).expect("valid");
            let mut optimizer = optimizer.skip_from(&flag).expect("a number");
            let report =
                optimizer.step_reported(&gradient).expect("it runs").wait().expect("planned");
            assert_eq!(report.changed, 2);
            assert!(weights.read().expect("read").iter().all(|x| *x == 1.0));
            flag.write(&[0.0f32]).expect("writable");
            optimizer.step(&gradient).expect("it runs");
            assert!(weights.read().expect("read").iter().all(|x| *x < 0.4));
        }
    }
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    for context in stepping() {
        let weights = context.zeros([4]).expect("zeros");
        let new = || {
            Optimizer::new(Update::sgd(0.1), Projection::max_norm(1.0, 0), &weights).expect("valid")
        };
        let two = context.zeros([2]).expect("zeros");
        assert!(matches!(new().rate_from(&two).expect_err("two"), Error::Length { .. }));
        let wide = context.zeros_as([1], DType::F64).expect("zeros");
        assert!(matches!(new().skip_from(&wide).expect_err("f64"), Error::Dtype { .. }));
        let elsewhere = Context::cpu().zeros([1]).expect("zeros");
        assert!(matches!(
            new().factor_from(&elsewhere).expect_err("host"),
            Error::OtherContext { .. }
        ));
    }
}

/// A clip that was only measured, and the step that applies it: as a clip and a step, with the gradient as it was.
#[test]
fn a_clip_costs_no_write_of_its_own() {
    let shape = [24, 40];
    for context in stepping() {
        for c in [0.25, 1e6] {
            let (one, two) = (upload(context, 8, &shape), upload(context, 8, &shape));
            let (kept, clipped) = (upload(context, 9, &shape), upload(context, 9, &shape));
            let projection = Projection::max_norm(1.0, 1);
            let model = |gradient| Model::unnamed(context, [gradient]).expect("one");
            let clip = Clip::global_norm(c);
            let measured = Group::new(clip.measured(), &model(&kept)).expect("valid");
            let optimizer = Optimizer::new(Update::adam(0.1), projection, &one).expect("valid");
            let optimizer = optimizer.factor_from(&measured.scale().expect("one"));
            let optimizer = optimizer.and_then(|o| o.skip_from(&measured.non_finite()?));
            let mut optimizer = optimizer.expect("they are bound");
            let mut plain = Optimizer::new(Update::adam(0.1), projection, &two).expect("valid");
            let before = kept.read().expect("read");
            for _ in 0..3 {
                measured.enqueue().expect("it runs");
                optimizer.step(&kept).expect("it runs");
                clipped.write(&before).expect("writable");
                Group::new(clip, &model(&clipped)).expect("valid").enqueue().expect("it runs");
                plain.step(&clipped).expect("it runs");
            }
            assert_eq!(kept.read().expect("read"), before);
            let (a, b) = (one.read().expect("read"), two.read().expect("read"));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-5), "{c}");
            let poisoned: Vec<f32> =
                before.iter().map(|x| if *x > 2.0 { f32::NAN } else { *x }).collect();
            assert!(poisoned.iter().any(|x| x.is_nan()));
            kept.write(&poisoned).expect("writable");
            measured.enqueue().expect("it runs");
            optimizer.step(&kept).expect("it runs");
            assert_eq!(one.read().expect("read"), a, "a NaN moved something");
            assert_eq!(optimizer.steps().expect("counted"), 3);
        }
    }
}

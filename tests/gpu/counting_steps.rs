//! Steps of optimizers move what `Plan::cost` says: weights, gradients and moments once.

use normproj::{Context, DType, DeviceBuffer, Layout, Optimizer, Plan, Projection, Update, f16};

use crate::contexts;
use crate::counting::{counters, schedules, stated};

fn updates() -> [Update; 3] {
    [Update::sgd(0.0), Update::momentum(0.0, 0.5), Update::adam(0.0)]
}

#[test]
fn a_step_moves_what_its_cost_says() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        for (turn, (shape, axis, dtype)) in [
            ([64, 48], 0, DType::F32),
            ([64, 48], 1, DType::F32),
            ([37, 19], 0, DType::F16),
            ([8, 1024], 1, DType::F16),
        ]
        .into_iter()
        .enumerate()
        {
            for (kind, update) in updates().into_iter().enumerate() {
                let optimizer = |value: f32| optimizer(context, update, shape, axis, dtype, value);
                let gradient = context.zeros_as(shape, dtype).unwrap();
                let turn = [i + turn + kind, 9 * count];
                prove(context, optimizer, &gradient, turn);
            }
        }
    }
}

/// A copy in 16 bits is written beside the weights, in whole words or by exchanging halves of them.
#[test]
fn a_copy_moves_what_its_cost_says() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let cases = [([64, 48], 0, 0), ([64, 48], 1, 3), ([37, 19], 0, 0), ([8, 1024], 1, 0)];
        for (turn, (shape, axis, offset)) in cases.into_iter().enumerate() {
            for (kind, update) in updates().into_iter().enumerate() {
                let dtype = [DType::F16, DType::BF16][(turn + kind) % 2];
                let memory = context.zeros_as([shape[0] * shape[1] + 4], dtype).unwrap();
                let layout = Layout::contiguous(shape).unwrap().at(offset).unwrap();
                let copy = memory.view(layout).unwrap();
                let optimizer = |value: f32| {
                    let optimizer = optimizer(context, update, shape, axis, DType::F32, value);
                    optimizer.copy_to(&copy).unwrap()
                };
                let gradient = context.zeros(shape).unwrap();
                let turn = [i + turn + kind, 5 * count];
                prove(context, optimizer, &gradient, turn);
            }
        }
    }
}

/// Counts what a step moves where no slice and where every slice violates, by this one of so many parts of all schedules.
fn prove(
    context: &Context,
    optimizer: impl Fn(f32) -> Optimizer,
    gradient: &DeviceBuffer,
    turn: [usize; 2],
) {
    let request = optimizer(1.0).request(gradient, false);
    for plan in schedules(context, &request, turn) {
        for (value, all) in [(1e-3, 0), (1e2, 1)] {
            let optimizer = optimizer(value);
            let gpu = context.as_gpu().unwrap();
            let prepared = gpu.prepare_counting(&plan).unwrap();
            let bound = optimizer.bind(&prepared, gradient).unwrap();
            let found = counters(gpu, &bound);
            assert_eq!(found, stated(&plan, all), "v = {all}\n{}", plan.explain());
        }
    }
}

/// 14 bytes an element for gradient descent instead of 12, in as many dispatches.
#[test]
fn a_copy_costs_two_bytes_and_no_dispatch() {
    for context in contexts() {
        let weights = context.zeros([4096, 1024]).unwrap();
        let gradient = context.zeros([4096, 1024]).unwrap();
        let copy = context.zeros_as([4096, 1024], DType::BF16).unwrap();
        for (update, bytes) in updates().into_iter().zip([14.0, 22.0, 30.0]) {
            let optimizer = Optimizer::new(update, Projection::max_norm(1.0, 1), &weights);
            let optimizer = optimizer.unwrap().copy_to(&copy).unwrap();
            let plan = context.plan(&optimizer.request(&gradient, false)).unwrap();
            let cost = plan.cost();
            assert_eq!((cost.bytes_per_element(0.0), cost.bytes_per_element(1.0)), (bytes, bytes));
            assert_eq!(cost.dispatches, 2);
            assert!(plan.explain().contains("with a copy in bf16"), "{}", plan.explain());
        }
    }
}

fn optimizer(
    context: &Context,
    update: Update,
    shape: [usize; 2],
    axis: i32,
    dtype: DType,
    value: f32,
) -> Optimizer {
    let len = shape[0] * shape[1];
    let weights = match dtype {
        DType::F16 => context.upload_as(&vec![f16::from_f32(value); len], shape),
        _ => context.upload(&vec![value; len], shape),
    };
    Optimizer::new(update, Projection::max_norm(1.0, axis), &weights.unwrap()).unwrap()
}

/// Where slices stay in registers: 12 bytes of f32 for gradient descent, where two passes take 20.
#[test]
fn a_step_in_one_dispatch_moves_everything_once() {
    for context in contexts() {
        let weights = context.zeros([4096, 1024]).unwrap();
        let projection = Projection::max_norm(1.0, 1);
        for (update, bytes) in updates().into_iter().zip([12.0, 20.0, 28.0]) {
            let gradient = context.zeros([4096, 1024]).unwrap();
            let optimizer = Optimizer::new(update, projection, &weights).unwrap();
            let plan = context.plan(&optimizer.request(&gradient, false)).unwrap();
            let cost = plan.cost();
            assert_eq!((cost.bytes_per_element(0.0), cost.bytes_per_element(1.0)), (bytes, bytes));
            // The numbers of the step, and then the weights.
            assert_eq!(cost.dispatches, 2);
            let free = projection.with_radius(f64::INFINITY);
            let step = Optimizer::new(update, free, &weights).unwrap().request(&gradient, false);
            let after = normproj::Request::in_place(projection, *weights.layout());
            let apart = [step, after].map(|request| {
                let plan: Plan = context.plan(&request).unwrap();
                plan.cost().bytes_per_element(1.0)
            });
            assert_eq!(apart.iter().sum::<f64>(), bytes + 8.0);
        }
    }
}

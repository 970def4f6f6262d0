//! The programs, with their loads and stores counted, move what `Plan::cost` says.

use normproj::gpu::{Bound, Gpu};
use normproj::plan::request::Output;
use normproj::{
    Axes, Context, DType, DeviceBuffer, Indices, Layout, Norm, Plan, Projection, Request, bf16, f16,
};

use crate::contexts;

/// Counts what one run of a plan loads and stores, in bytes.
fn counted(context: &Context, plan: &Plan, host: &[f32]) -> [u64; 2] {
    let gpu = context.as_gpu().unwrap();
    let request = plan.request();
    let source = upload(context, request, host);
    let target = match &request.output {
        Output::InPlace => source.clone(),
        Output::Into(layout) | Output::Norms(layout) => {
            context.zeros_as(layout.shape(), request.target_dtype()).unwrap()
        }
    };
    let bound = gpu.prepare_counting(plan).unwrap().bind_into(&source, &target).unwrap();
    counters(gpu, &bound)
}

/// What one run of a plan that was bound anew loads and stores: counters are never set back.
pub fn counters(gpu: &Gpu, bound: &Bound) -> [u64; 2] {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    bound.record_pass(&mut encoder);
    gpu.queue().submit([encoder.finish()]);
    bound.counters().unwrap().map(u64::from)
}

/// What a plan says it loads and stores where every slice is moved (1), or none (0).
pub fn stated(plan: &Plan, all: u64) -> [u64; 2] {
    let cost = plan.cost();
    [cost.read + all * cost.read_again, cost.written + all * cost.written_again]
}

/// Some legal schedules of a request, others at each turn.
pub fn schedules(context: &Context, request: &Request, [turn, turns]: [usize; 2]) -> Vec<Plan> {
    let legal = Plan::legal_schedules(request, context.profile()).unwrap();
    let planned = |schedule| Plan::with_schedule(request, context.profile(), schedule).unwrap();
    legal.into_iter().skip(turn % turns).step_by(turns).map(planned).collect()
}

/// Numbers as elements of the dtype of a request.
fn upload(context: &Context, request: &Request, host: &[f32]) -> DeviceBuffer {
    let shape = request.source.shape();
    let tensor = match request.dtype {
        DType::F16 => {
            let halves: Vec<f16> = host.iter().map(|&x| f16::from_f32(x)).collect();
            context.upload_as(&halves, shape)
        }
        DType::BF16 => {
            let halves: Vec<bf16> = host.iter().map(|&x| bf16::from_f32(x)).collect();
            context.upload_as(&halves, shape)
        }
        _ => context.upload(host, shape),
    };
    tensor.unwrap()
}

fn requests(shape: &[usize], axes: Axes) -> Vec<Request> {
    let layout = Layout::contiguous(shape).unwrap();
    let projection = Projection::max_norm(1.0, axes);
    let reduced = axes.resolve(shape).unwrap();
    let slices: usize = (0..shape.len()).filter(|&d| !reduced[d]).map(|d| shape[d]).product();
    let norms = Layout::contiguous([slices]).unwrap();
    vec![
        Request::in_place(projection, layout),
        Request::in_place(projection, layout).with_report(),
        Request::into(projection, layout, layout),
        Request::norms(Norm::L2, axes, layout, norms),
    ]
}

/// Checks one schedule in so many, another for each request, at v = 0 and v = 1.
fn check(
    context: &Context,
    shape: &[usize],
    axes: Axes,
    dtype: DType,
    [turn, turns]: [usize; 2],
) -> usize {
    let len: usize = shape.iter().product();
    let mut checked = 0;
    for (i, request) in requests(shape, axes).into_iter().enumerate() {
        let request = request.of(dtype);
        let legal = Plan::legal_schedules(&request, context.profile()).unwrap();
        for schedule in legal.into_iter().skip((turn + i) % turns).step_by(turns) {
            let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
            let cost = plan.cost();
            for (value, all) in [(1e-6f32, 0), (1e3, 1)] {
                let expected =
                    [cost.read + all * cost.read_again, cost.written + all * cost.written_again];
                let found = counted(context, &plan, &vec![value; len]);
                assert_eq!(
                    found,
                    expected,
                    "{} at v = {all}\n{}",
                    context.describe(),
                    plan.explain()
                );
                checked += 1;
            }
        }
    }
    checked
}

#[test]
fn every_schedule_moves_what_its_cost_says() {
    let mut checked = 0;
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        for (dtype, turns) in [(DType::F32, count), (DType::F16, 9), (DType::BF16, 23)] {
            let turn = [i, turns];
            checked += check(context, &[64, 48], 0.into(), dtype, turn);
            checked += check(context, &[64, 48], 1.into(), dtype, turn);
            checked += check(context, &[37, 19], 0.into(), dtype, turn);
            checked += check(context, &[2, 3, 4, 5, 6], [0, 2, 4].into(), dtype, turn);
        }
        println!("{checked} counts were right on {}", context.describe());
    }
}

/// Columns: a sector of 32 bytes is rewritten whole if a slice in it violates, and no other; halves of
/// words are changed one by one.
#[test]
fn a_single_violator_costs_its_sector() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let (rows, columns) = (64, 64);
        for dtype in [DType::F32, DType::F16] {
            let layout = Layout::contiguous([rows, columns]).unwrap();
            let request = Request::in_place(Projection::max_norm(1.0, 0), layout).of(dtype);
            let legal = Plan::legal_schedules(&request, context.profile()).unwrap();
            for schedule in legal.into_iter().skip(i).step_by(count) {
                let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
                let cost = plan.cost();
                let text = schedule.to_string();
                if !text.starts_with("columns") || text.contains("(1×") {
                    continue;
                }
                let mut host = vec![1e-6f32; rows * columns];
                (0..rows).for_each(|row| host[row * columns + 21] = 1e3);
                let [loaded, stored] = counted(context, &plan, &host);
                let sector = tile_columns(&plan).min(cost.write_sector as usize) as u64;
                let all = cost.written_again / columns as u64;
                assert_eq!(stored, sector * all, "{}", plan.explain());
                let again = cost.read_again / columns as u64;
                assert!(loaded <= cost.read + sector * again, "{}", plan.explain());
            }
        }
    }
}

/// The columns that a workgroup covers; a sector does not reach past them.
fn tile_columns(plan: &Plan) -> usize {
    let step = &plan.steps().steps[0];
    let width =
        if step.variant.lane == normproj::shader::variant::Lane::FourColumns { 4 } else { 1 };
    step.variant.tile as usize * width
}

/// Slices that move along a direction read it beside them.
#[test]
fn a_direction_costs_as_much_as_its_tensor() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let gpu = context.as_gpu().unwrap();
        for (turn, (shape, axes, dtype)) in [
            ([64, 48], 0, DType::F32),
            ([64, 48], 1, DType::F32),
            ([37, 19], 0, DType::F16),
            ([8, 1024], 1, DType::BF16),
        ]
        .into_iter()
        .enumerate()
        {
            let layout = Layout::contiguous(shape).unwrap();
            let len = shape[0] * shape[1];
            for request in [
                Request::in_place(Projection::half_space(0.0, axes), layout),
                Request::into(Projection::hyperplane(0.0, axes), layout, layout),
            ] {
                let request = request.of(dtype).along(layout);
                let legal = Plan::legal_schedules(&request, context.profile()).unwrap();
                let turns = 3 * count;
                for schedule in legal.into_iter().skip((i + turn) % turns).step_by(turns) {
                    let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
                    for (value, all) in [(-1.0f32, 0), (1.0, 1)] {
                        let source = upload(context, &request, &vec![value; len]);
                        let along = upload(context, &request, &vec![1.0; len]);
                        let target = match &request.output {
                            Output::InPlace => source.clone(),
                            _ => context.zeros_as(shape, dtype).unwrap(),
                        };
                        let prepared = gpu.prepare_counting(&plan).unwrap();
                        let bound = prepared.bind_along(&source, &target, &along).unwrap();
                        let found = counters(gpu, &bound);
                        assert_eq!(found, stated(&plan, all), "v = {all}\n{}", plan.explain());
                    }
                }
            }
        }
    }
}

/// A tensor is read and written as often as where its radius is a number; where it is none, nothing is.
#[test]
fn a_tensor_with_radii_in_memory_moves_what_its_cost_says() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let gpu = context.as_gpu().unwrap();
        for (turn, (shape, axes, dtype)) in
            [([64, 48], 0, DType::F32), ([64, 48], 1, DType::F32), ([37, 19], 0, DType::F16)]
                .into_iter()
                .enumerate()
        {
            let layout = Layout::contiguous(shape).unwrap();
            let slices = shape[1 - axes as usize];
            for projection in [
                Projection::max_norm(1.0, axes),
                Projection::min_max_norm(0.0, 1.0, axes),
                Projection::ball(Norm::Linf, 1.0, axes),
            ] {
                let request = Request::in_place(projection, layout).of(dtype).with_report();
                let request = request.with_radii(Layout::contiguous([slices]).unwrap());
                for plan in schedules(context, &request, [i + turn, 5 * count]) {
                    let tensor = upload(context, &request, &vec![1.0; shape[0] * shape[1]]);
                    for (r, all) in [(1e3, 0), (f32::NAN, 0), (1e-3, 1)] {
                        let radii = context.upload(&vec![r; slices], [slices]).unwrap();
                        let prepared = gpu.prepare_counting(&plan).unwrap();
                        let bound = prepared.bind_with(&tensor, &tensor, Some(&radii)).unwrap();
                        let found = counters(gpu, &bound);
                        assert_eq!(found, stated(&plan, all), "r = {r}\n{}", plan.explain());
                    }
                }
            }
        }
    }
}

/// The same of elements whose limits are.
#[test]
fn a_tensor_with_limits_in_memory_moves_what_its_cost_says() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let gpu = context.as_gpu().unwrap();
        for (turn, (shape, dtype)) in
            [([64, 48], DType::F32), ([37, 19], DType::F32), ([37, 19], DType::BF16)]
                .into_iter()
                .enumerate()
        {
            let layout = Layout::contiguous(shape).unwrap();
            let row = Layout::contiguous([shape[1]]).unwrap();
            let all = Projection::bounds(f64::NEG_INFINITY, f64::INFINITY);
            let request = Request::in_place(all, layout).of(dtype).with_limits(row, row);
            for plan in schedules(context, &request, [i + turn, count]) {
                let tensor = upload(context, &request, &vec![1.0; shape[0] * shape[1]]);
                let low = context.upload(&vec![-3.0; shape[1]], [shape[1]]).unwrap();
                for (limit, all) in [(3.0, 0), (-4.0, 0), (0.5, 1)] {
                    let high = context.upload(&vec![limit; shape[1]], [shape[1]]).unwrap();
                    let prepared = gpu.prepare_counting(&plan).unwrap();
                    let bound = prepared.bind_with_limits(&tensor, &tensor, &low, &high).unwrap();
                    let found = counters(gpu, &bound);
                    assert_eq!(found, stated(&plan, all), "{limit}\n{}", plan.explain());
                }
            }
        }
    }
}

/// Rows that indices name move as a tensor of them; what names none, or one again, moves nothing.
#[test]
fn touched_rows_move_what_their_cost_says_and_no_others() {
    let count = contexts().len();
    for (i, context) in contexts().enumerate() {
        let gpu = context.as_gpu().unwrap();
        for (turn, (rows, columns, dtype)) in
            [(100, 64, DType::F32), (100, 19, DType::F32), (100, 64, DType::F16)]
                .into_iter()
                .enumerate()
        {
            let layout = Layout::contiguous([rows, columns]).unwrap();
            for (named, of) in [([3u32, 99, 41, 7], 4), ([3, 100, 3, u32::MAX], 1)] {
                let indices = Indices::upload(context, &named).unwrap();
                let request = Request::in_place(Projection::max_norm(1.0, 1), layout).of(dtype);
                let request = request.rows(*indices.layout());
                for plan in schedules(context, &request, [i + turn, 3 * count]) {
                    for (value, all) in [(1e-3, 0), (1e2, 1)] {
                        let table = upload(context, &request, &vec![value; rows * columns]);
                        let prepared = gpu.prepare_counting(&plan).unwrap();
                        let bound = prepared.bind_rows(&table, &indices).unwrap();
                        let found =
                            counters(gpu, &bound).map(|bytes| named.len() as u64 * bytes / of);
                        assert_eq!(found, stated(&plan, all), "{value}\n{}", plan.explain());
                    }
                }
            }
        }
    }
}

#[test]
fn a_wrong_count_is_caught() {
    for context in contexts() {
        let layout = Layout::contiguous([64, 48]).unwrap();
        let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
        let plan = Plan::new(&request, context.profile()).unwrap();
        let found = counted(context, &plan, &vec![1e3; 64 * 48]);
        assert_ne!(found, [plan.cost().read, 0]);
        assert_ne!(found, [0, plan.cost().written_again]);
    }
}

/// A search reads what still seeks, once a round, and ends long before its rounds do.
#[test]
fn a_search_reads_no_more_than_its_cost_says() {
    for context in contexts() {
        for (shape, axes) in [([3, 4099], 1), ([1001, 7], 0)] {
            let layout = Layout::contiguous(shape).unwrap();
            let elements = (shape[0] * shape[1]) as u64;
            let request = Request::in_place(Projection::ball(Norm::L1, 1.0, axes), layout);
            let schedules = Plan::legal_schedules(&request, context.profile()).unwrap();
            for schedule in schedules.into_iter().step_by(11) {
                let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
                let cost = plan.cost();
                let inside = counted(context, &plan, &vec![1e-6; elements as usize]);
                assert_eq!(inside, [cost.read, cost.written], "{}", plan.explain());
                let mut random = crate::sets::Random(3);
                let host: Vec<f32> = (0..elements).map(|_| random.unit().powi(4) as f32).collect();
                let [read, written] = counted(context, &plan, &host);
                assert_eq!(written, cost.written_again, "{}", plan.explain());
                assert!(read <= cost.read + cost.read_again, "{}", plan.explain());
                let sweeps = read as f64 / (4 * elements) as f64;
                assert!(sweeps <= 14.0, "{sweeps} sweeps\n{}", plan.explain());
            }
        }
    }
}

//! Many tensors: what dispatches move, what recording costs, and what is left behind.

use normproj::plan::group::{GroupPlan, GroupRequest};
use normproj::plan::profile::{DeviceKind, GpuLimits};
use normproj::{Clip, Context, Decay, DeviceBuffer, Group, Layout, Model, Norm, bf16, f16};

use crate::allocations::during;
use crate::by_hand::ByHand;
use crate::turns::{Contexts, Turn};
use crate::{all, contexts};

/// Tensors of whole loads, so that no load is shared between two of them.
const SHAPES: [usize; 5] = [64, 4096, 20_000, 60, 40_000];

type Tensors = fn(&Context, f32) -> Vec<DeviceBuffer>;

fn separate(context: &Context, value: f32) -> Vec<DeviceBuffer> {
    SHAPES.map(|len| context.upload(&vec![value; len], [len]).unwrap()).to_vec()
}

fn double(context: &Context, value: f32) -> Vec<DeviceBuffer> {
    let tensor = |len: usize| context.upload_as(&vec![f64::from(value); len], [len]).unwrap();
    SHAPES.map(tensor).to_vec()
}

/// Every dtype, of which two are f64.
fn mixed(context: &Context, value: f32) -> Vec<DeviceBuffer> {
    let mut tensors = double(context, value);
    let len = |i: usize| SHAPES[i];
    tensors[1] = separate(context, value)[1].clone();
    let (half, brain) = (f16::from_f32(value), bf16::from_f32(value));
    tensors[2] = context.upload_as(&vec![half; len(2)], [len(2)]).unwrap();
    tensors[3] = context.upload_as(&vec![brain; len(3)], [len(3)]).unwrap();
    tensors
}

fn has_doubles(context: &Context) -> bool {
    matches!(context.profile().kind, DeviceKind::Gpu(GpuLimits { doubles: true, .. }))
}

fn arena(context: &Context, value: f32) -> Vec<DeviceBuffer> {
    let total = SHAPES.iter().sum();
    let all = context.upload(&vec![value; total], [total]).unwrap();
    let mut first = 0;
    let mut view = |len: usize| {
        first += len;
        all.view(Layout::strided([len], [1], first - len).unwrap()).unwrap()
    };
    SHAPES.map(&mut view).to_vec()
}

fn run(context: &Context, group: &Group) {
    let gpu = context.as_gpu().unwrap();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    group.as_gpu().unwrap().record_pass(&mut encoder);
    gpu.queue().submit([encoder.finish()]);
}

#[test]
fn groups_move_what_their_cost_says() {
    // The counters are one binding more than a browser has beside five windows.
    let (whole, browsers): (Vec<_>, Vec<_>) = all().iter().partition(|context| {
        context.as_gpu().unwrap().device().limits().max_storage_buffers_per_shader_stage > 8
    });
    let mut checked = 0;
    for clip in [Clip::global_norm(1.0), Clip::each_norm(1.0), Clip::value(-1.0, 1.0)] {
        for context in Contexts::of(browsers.clone()) {
            checked += check(context, arena, clip, false);
        }
        for (i, tensors) in [arena as Tensors, separate].into_iter().enumerate() {
            for decays in [false, true] {
                let turn = whole.iter().copied().cycle().nth(i + usize::from(decays));
                for context in Contexts::of(turn) {
                    checked += check(context, tensors, clip, decays);
                }
            }
        }
        for context in Contexts::of(whole.clone()).filter(|context| has_doubles(context)) {
            for decays in [false, true] {
                checked += check(context, double, clip, decays);
                checked += check(context, mixed, clip, decays);
            }
        }
    }
    println!("{checked} counts were right");
    assert!(checked > 0 || all().is_empty());
}

/// Counts what a clip moves of tensors that are inside, and of some that are not.
fn check(context: &Context, tensors: Tensors, clip: Clip, decays: bool) -> usize {
    let weights = tensors(context, 0.5);
    let apart = |tensor: &DeviceBuffer| context.zeros_as(tensor.shape(), tensor.dtype()).unwrap();
    let weights: Vec<_> = weights.iter().map(apart).collect();
    let weights = Model::unnamed(context, &weights).unwrap();
    let decay = decays.then(|| Decay::new(1e-9, &weights));
    for (value, clipped) in [(1e-6, 0), (10.0, 1)] {
        let model = Model::unnamed(context, &tensors(context, value)).unwrap();
        let request = GroupRequest::new(clip, &model, decay.as_ref()).unwrap();
        let plan = GroupPlan::new(request, context.profile()).unwrap();
        let cost = plan.cost();
        let group = Group::counting(plan, &model, decay.as_ref()).unwrap();
        run(context, &group);
        let found = group.as_gpu().unwrap().counters().unwrap();
        let expected =
            [cost.read + clipped * cost.read_again, cost.written + clipped * cost.written_again];
        let found = found.map(u64::from);
        assert_eq!(found, expected, "{}", group.plan().explain());
        assert_ne!(found, [0, 0]);
    }
    2
}

#[test]
fn recording_a_group_allocates_nothing_above_the_same_dispatches_by_hand() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let by_hand = ByHand::new(context);
        let mut kinds = vec![arena as Tensors, separate];
        if has_doubles(context) {
            kinds.extend([double as Tensors, mixed]);
        }
        for tensors in kinds.into_iter().map(|tensors| tensors(context, 1.0)) {
            let model = Model::unnamed(context, &tensors).unwrap();
            let group = Group::new(Clip::global_norm(1.0), &model).unwrap();
            let dispatches = group.plan().cost().dispatches;
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..8 {
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                ours.push(during(|| group.as_gpu().unwrap().record(&mut pass)));
                drop(pass);
                drop(encoder);
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                theirs.push(during(|| by_hand.record(&mut pass, dispatches)));
            }
            println!("{dispatches} dispatches allocate {ours:?}, by hand {theirs:?}");
            assert_eq!(ours.iter().min(), theirs.iter().min());
        }
    }
}

#[test]
fn an_arena_takes_three_dispatches_and_none_writes_what_is_inside() {
    for context in contexts() {
        let tensors = arena(context, 1e-3);
        let model = Model::unnamed(context, &tensors).unwrap();
        let group = Group::new(Clip::global_norm(1e3), &model).unwrap();
        assert_eq!(group.plan().cost().dispatches, 3);
        assert_eq!(group.plan().cost().written, 0);
        let norms = Group::new(Clip::norms(Norm::L2), &model).unwrap();
        assert_eq!(norms.plan().cost().dispatches, 2);
        let apart = Model::unnamed(context, &separate(context, 1.0)).unwrap();
        let group = Group::new(Clip::global_norm(1e3), &apart).unwrap();
        let storage =
            context.as_gpu().unwrap().device().limits().max_storage_buffers_per_shader_stage;
        let bindable = (storage as usize - 3).min(8);
        let most = 2 + 2 * SHAPES.len().div_ceil(bindable);
        assert!(group.plan().cost().dispatches as usize <= most, "{}", group.plan().explain());
    }
}

#[test]
fn two_radii_in_one_submission_do_not_see_each_other() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        let (here, there) = (separate(context, 10.0), separate(context, 10.0));
        let [here, there] = [here, there].map(|tensors| Model::unnamed(context, &tensors).unwrap());
        let one = Group::new(Clip::global_norm(1.0), &here).unwrap();
        let two = one.with_radius(2.0).unwrap().rebind(&there).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        one.as_gpu().unwrap().record_pass(&mut encoder);
        two.as_gpu().unwrap().record_pass(&mut encoder);
        gpu.queue().submit([encoder.finish()]);
        for (model, radius) in [(&here, 1.0), (&there, 2.0)] {
            let norms = Group::new(Clip::norms(Norm::L2), model).unwrap();
            let norm = norms.run().unwrap().wait().unwrap().total().norm;
            assert!((norm - radius).abs() < 1e-4 && norm <= radius, "{norm} for {radius}");
        }
    }
}

#[test]
fn dropped_reports_leave_nothing_behind() {
    // Memory is that of the process.
    let _turn = Turn::of(all());
    for context in contexts().step_by(2) {
        let device = context.as_gpu().unwrap().device();
        let model = Model::unnamed(context, [&context.zeros([64]).unwrap()]).unwrap();
        let group = Group::new(Clip::global_norm(1.0), &model).unwrap();
        let held = || {
            device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
            resident_bytes()
        };
        let steps = |count: usize| {
            for step in 0..count {
                drop(group.run().unwrap());
                // As a training loop that reads its loss now and then.
                if step % 100 == 0 {
                    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
                }
            }
        };
        steps(2_000);
        let before = held();
        let count = count_of_steps();
        steps(count);
        let grown = held().saturating_sub(before);
        println!("{}: {grown} bytes more after {count} steps", context.describe());
        // A staging buffer alone is 32 bytes and its bookkeeping some hundred.
        assert!(grown < 20 * count, "{grown}");
    }
}

/// `NORMPROJ_STEPS` makes it as many as anybody wants to wait for.
fn count_of_steps() -> usize {
    let asked = std::env::var("NORMPROJ_STEPS").ok();
    asked.and_then(|steps| steps.parse().ok()).unwrap_or(5_000)
}

/// The memory of this process.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    4096 * pages.unwrap_or(0)
}

#[test]
fn a_buffer_that_ends_amid_an_element_can_be_clipped() {
    for context in contexts() {
        let gpu = context.as_gpu().unwrap();
        for size in [10, 20, 1002] {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            let descriptor =
                wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
            let buffer = gpu.device().create_buffer(&descriptor);
            let layout = Layout::contiguous([size as usize / 4]).unwrap();
            let tensor = context.wrap(buffer, layout).unwrap();
            let model = Model::unnamed(context, [&tensor]).unwrap();
            let group = Group::new(Clip::global_norm(1.0), &model).unwrap();
            assert_eq!(group.run().unwrap().wait().unwrap().total().norm, 0.0);
        }
    }
}

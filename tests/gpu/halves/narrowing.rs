//! What the fragments make of every element and of numbers between them.

use normproj::{Axes, Context, DType, Layout, Projection, Request, Rounding, bf16, f16};

use super::{Half, bits, plans};
use crate::contexts;

/// A lane that narrows one number, or four that share two words, as those of f16 and bf16 are packed.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Lane {
    One,
    Four,
}

/// Narrows f32 to 16 bits on the device with the very fragments, in a program of one line.
fn narrowed(
    context: &Context,
    dtype: DType,
    lane: Lane,
    nearest: bool,
    numbers: &[f32],
) -> Vec<u32> {
    let (pack, narrow) = match dtype {
        DType::F16 => (
            include_str!("../../../shaders/pack/f16.wgsl"),
            include_str!("../../../shaders/pack/narrow/f16.wgsl"),
        ),
        _ => (
            include_str!("../../../shaders/pack/bf16.wgsl"),
            include_str!("../../../shaders/pack/narrow/bf16.wgsl"),
        ),
    };
    let four = include_str!("../../../shaders/lane/four_in_row.wgsl");
    let (load, kind, loads) = match (lane, dtype) {
        (Lane::One, _) => {
            ("narrowed(words[i])", include_str!("../../../shaders/lane/one.wgsl"), "")
        }
        (_, DType::F16) => {
            ("halves(packed(words[i]))", four, include_str!("../../../shaders/pack/f16_words.wgsl"))
        }
        _ => ("halves(packed(words[i]))", four, include_str!("../../../shaders/pack/words.wgsl")),
    };
    let main = format!(
        "struct Params {{ nearest: u32 }}
        @group(0) @binding(0) var<uniform> params: Params;
        @group(0) @binding(1) var<storage, read_write> words: array<Bits>;
        fn halves(pair: vec2<u32>) -> vec4<u32> {{
            return vec4<u32>(pair.x & 0xffffu, pair.x >> 16u, pair.y & 0xffffu, pair.y >> 16u);
        }}
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
            let i = id.x;
            if i < arrayLength(&words) {{ words[i] = {load}; }}
        }}"
    );
    let number = include_str!("../../../shaders/number/f32.wgsl");
    let source = [&main, kind, number, pack, narrow, loads].join("\n");
    let gpu = context.as_gpu().unwrap();
    let tensor = context.upload(numbers, [numbers.len()]).unwrap();
    let params = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 16,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mask = if nearest { u32::MAX } else { 0 };
    gpu.queue().write_buffer(&params, 0, &mask.to_le_bytes());
    let module = gpu.device().create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let pipeline = gpu.device().create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let (words, _) = tensor.as_wgpu().unwrap();
    let group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: words.as_entire_binding() },
        ],
    });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups((numbers.len() as u32).div_ceil(64), 1, 1);
    drop(pass);
    gpu.queue().submit([encoder.finish()]);
    tensor.read().unwrap().into_iter().map(f32::to_bits).collect()
}

/// Every element, what is half-way to the next, and the f32 around both.
fn numbers<T: Half>() -> Vec<f32> {
    let mut numbers = Vec::new();
    for half in 0..=u16::MAX {
        let (this, next) = (T::of_bits(half).into(), T::of_bits(half.wrapping_add(1)).into());
        numbers.extend([this, (this + next) / 2.0].into_iter().flat_map(|x| {
            let bits = (x as f32).to_bits();
            [bits.wrapping_sub(1), bits, bits.wrapping_add(1)].map(f32::from_bits)
        }));
    }
    let mut random = crate::sets::Random(9);
    let any = (0..50_000).map(|_| f32::from_bits((random.unit() * 4_294_967_296.0) as u32));
    numbers.extend(any.chain([f32::MAX, f32::MIN, 65_520.0, 65_519.0, 1e-45]));
    numbers
}

fn narrows<T: Half>() {
    let numbers = numbers::<T>();
    let finite = numbers.iter().filter(|x| x.is_finite()).count();
    // Beside their neighbours, and beside numbers of other sizes.
    let quarter = numbers.len() / 4;
    let apart = (0..4 * quarter).map(|i| numbers[i % 4 * quarter + i / 4]).collect();
    let together = numbers[..4 * quarter].to_vec();
    let all = [(Lane::One, numbers), (Lane::Four, together), (Lane::Four, apart)];
    for context in contexts().step_by(2) {
        for ((lane, numbers), nearest) in all.iter().flat_map(|all| [(all, true), (all, false)]) {
            let found = narrowed(context, T::DTYPE, *lane, nearest, numbers);
            assert_eq!(found.len(), numbers.len());
            for (&x, found) in numbers.iter().zip(found) {
                let expected = match nearest || x.is_infinite() {
                    true => T::nearest(x.into()),
                    false => T::toward_zero(x.into()),
                };
                let right = match x.is_nan() {
                    // Quiet ones: others are only stored if they were loaded.
                    true => {
                        x.to_bits() & 0x40_0000 == 0 || T::of_bits(found as u16).into().is_nan()
                    }
                    false => found == u32::from(expected.bits()),
                };
                let device = context.describe();
                assert!(right, "{x:e} → {found:x}, nearest: {nearest}, {lane:?}, {device}");
            }
        }
        println!("{finite} numbers were narrowed to {} on {}", T::DTYPE, context.describe());
    }
}

#[test]
fn f32_are_narrowed_as_the_rule_says() {
    narrows::<f16>();
    narrows::<bf16>();
}

/// Where the bound is infinite every slice is kept, and copied out of place.
fn travels<T: Half>() {
    let in_order: Vec<u16> = (0..=u16::MAX).collect();
    // Subnormal numbers, zeros, infinities and NaN beside ordinary ones: an odd factor meets all.
    let mixed: Vec<u16> = (0..=u16::MAX).map(|i| i.wrapping_mul(40_503)).collect();
    let shape = [256, 256];
    let layout = Layout::contiguous(shape).unwrap();
    let mut checked = 0;
    for context in contexts() {
        let orders = [&in_order, &mixed];
        for (axes, patterns) in [0, 1].into_iter().flat_map(|axis| orders.map(|all| (axis, all))) {
            let (axes, all) = (Axes::from(axes), patterns.iter().map(|&bits| T::of_bits(bits)));
            let all: Vec<T> = all.collect();
            for rounding in [Rounding::Feasible, Rounding::TowardZero] {
                let projection = Projection::max_norm(f64::INFINITY, axes).rounding(rounding);
                let request = Request::into(projection, layout, layout).of(T::DTYPE);
                for plan in plans(&request, context, checked, 7) {
                    let source = context.upload_as(&all, shape).unwrap();
                    let target = context.zeros_as(shape, T::DTYPE).unwrap();
                    let _ = context.run(&plan, &source, &target).unwrap();
                    let found = bits(&target.read_as::<T>().unwrap());
                    let lost = found.iter().zip(patterns).find(|(found, bits)| found != bits);
                    assert_eq!(lost, None, "{}", plan.explain());
                    checked += 1;
                }
            }
        }
    }
    println!("every {} kept its bits {checked} times", T::DTYPE);
}

#[test]
fn every_element_keeps_its_bits_through_load_and_store() {
    travels::<f16>();
    travels::<bf16>();
}

//! Struct layouts, binding numbers and access modes, read out of the WGSL and compared with Rust.

use std::mem::offset_of;

use naga::{AddressSpace, StorageAccess, TypeInner};
use normproj::Precision;
use normproj::plan::group::GroupSteps;
use normproj::shader::group::params::{Chunk, GroupParams, SingleChunk, SingleGroupParams};
use normproj::shader::group::variant::{GroupKernel, GroupVariant};
use normproj::shader::params::{Axis, Params, SingleParams};
use normproj::shader::variant::{Access, Kernel, Pack, Slot, Variant};

use crate::{module, parsed};

fn fields(module: &naga::Module, name: &str) -> (Vec<(String, u32)>, u32) {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    let Some((_, naga::Type { inner: TypeInner::Struct { members, span }, .. })) = found else {
        panic!("no struct {name}");
    };
    let fields = members.iter().map(|m| (m.name.clone().unwrap_or_default(), m.offset)).collect();
    (fields, *span)
}

macro_rules! offsets {
    ($type:ty: $($field:ident),* $(,)?) => {
        vec![$((stringify!($field).to_string(), offset_of!($type, $field) as u32)),*]
    };
}

macro_rules! assert_layout {
    ($module:expr, $params:ty) => {
        let (found, size) = fields(&$module, "Params");
        let expected = offsets!($params:
            threshold, radius, low_threshold, low_radius, epsilon, floor, rest, power,
            inverse_power, near_low, near_high, length, scale, low_scale, least, most,
            slope, goal_slope, low_slope, low_goal_slope, offset, goal_offset, low_offset,
            low_goal_offset, basis, signs, low, high, largest,
            low_key, high_key, threshold_exponent, radius_exponent, low_threshold_exponent,
            low_radius_exponent, epsilon_exponent, floor_exponent, rest_exponent,
            scale_exponent, low_scale_exponent, least_exponent, most_exponent, offset_exponent, goal_offset_exponent,
            low_offset_exponent, low_goal_offset_exponent, rounds,
            always, on_non_finite, nearest, turns, radii_offset, first_radius, radii_rank, plane,
            direction_offset, upper_offset, first_upper, upper_rank, grain, least_field, source_offset, target_offset,
            gradient_shift, first_shift, second_shift, copy_shift, first_slice, first_norm, tiles, chunks, steps, chunk, first_chunk, partials, slices, slices_here,
            kept_rank, reduced_rank, summaries, first_summary, rows, first_row, rows_here, first_index,
            first_position, kept, reduced, radii, uppers,
            direction_kept, direction_reduced);
        assert_eq!(found, expected);
        assert_eq!(size as usize, size_of::<$params>());
    };
}

macro_rules! assert_group_layout {
    ($module:expr, $params:ty, $chunk:ty) => {
        let module = $module;
        let (params, size) = fields(&module, "Params");
        let expected = offsets!($params:
            threshold, radius, epsilon, given, power, inverse_power, low, high, low_key, high_key,
            threshold_exponent, radius_exponent, epsilon_exponent, given_exponent, on_non_finite,
            first_chunk, chunks, segments, region, given_at, nearest, rim);
        assert_eq!(params, expected);
        assert_eq!(size as usize, size_of::<$params>());
        let (chunk, size) = fields(&module, "Chunk");
        let expected = offsets!($chunk:
            rate, slot, first, length, partial, verdict, axes, skipped, other_slot, other_first,
            rows, stride, adds);
        assert_eq!(chunk, expected);
        assert_eq!(size as usize, size_of::<$chunk>());
    };
}

#[test]
fn parameters_have_one_layout() {
    let module = module(&Variant::all()[0]);
    let (axis, axis_size) = fields(&module, "Axis");
    assert_eq!(axis, offsets!(Axis: size, source_stride, target_stride, slice_stride));
    assert_eq!(axis_size as usize, size_of::<Axis>());
    assert_layout!(module, SingleParams);
    let double = Variant::all().into_iter().find(|variant| variant.pack == Pack::F64);
    assert_layout!(self::module(&double.expect("some variant is of f64")), Params);
}

#[test]
fn accumulators_and_summaries_have_the_size_that_is_allocated() {
    use normproj::plan::gpu::steps::{state_bytes, summary_bytes, tally_bytes};
    let claims = |variant: &Variant| matches!(variant.kernel, Kernel::Claim | Kernel::Release);
    for variant in Variant::all().into_iter().filter(|variant| !claims(variant)) {
        let module = module(&variant);
        let (_, size) = fields(&module, "Accumulator");
        let four = variant.lane == normproj::shader::variant::Lane::FourColumns;
        let slices = if four { 4 } else { 1 };
        let precision = variant.pack.precision();
        assert_eq!(size, 4 * variant.norm.accumulator_words(precision) * slices);
        if variant.kernel == Kernel::ShrinkDecide {
            let of = |name| u64::from(fields(&module, name).1);
            let slices = u64::from(slices);
            let expected = (state_bytes(precision) * slices, tally_bytes(precision) * slices);
            assert_eq!((of("State"), of("Tally")), expected);
        }
        if variant.kernel == Kernel::Summary {
            assert_eq!(u64::from(fields(&module, "Summary").1), summary_bytes(precision));
        }
    }
}

#[test]
fn parameters_and_chunks_of_groups_have_one_layout() {
    let with_chunks = |precision| {
        let all = GroupVariant::all().into_iter();
        let mut all = all.filter(|v| v.precision == precision && v.kernel.touches_tensors());
        parsed(&all.next().expect("some variant is of it").source())
    };
    assert_group_layout!(with_chunks(Precision::Single), SingleGroupParams, SingleChunk);
    assert_group_layout!(with_chunks(Precision::Double), GroupParams, Chunk);
}

#[test]
fn accumulators_of_groups_have_the_size_that_is_allocated() {
    for variant in GroupVariant::all().iter().filter(|v| v.kernel != GroupKernel::Clamp) {
        let (_, size) = fields(&parsed(&variant.source()), "Accumulator");
        let steps = GroupSteps { precision: variant.precision, ..GroupSteps::default() };
        assert_eq!(u64::from(size), steps.accumulator_bytes());
    }
}

#[test]
fn bindings_are_those_that_rust_lays_out() {
    for variant in Variant::all() {
        let expected: Vec<(u32, Access)> =
            variant.bindings().iter().map(|(slot, access)| (slot.binding(), *access)).collect();
        assert_eq!(declared(&module(&variant)), expected, "{variant:?}");
    }
    for variant in GroupVariant::all() {
        let mut expected: Vec<(u32, Access)> =
            variant.bindings().iter().map(|(slot, access)| (slot.binding(), *access)).collect();
        expected.sort_by_key(|(binding, _)| *binding);
        assert_eq!(declared(&parsed(&variant.source())), expected, "{variant:?}");
    }
}

/// The bindings that a program declares, in the order of their numbers.
fn declared(module: &naga::Module) -> Vec<(u32, Access)> {
    let access = |variable: &naga::GlobalVariable, binding| match variable.space {
        AddressSpace::Uniform if binding == Slot::Params.binding() => Access::Uniform,
        AddressSpace::Uniform => Access::Constant,
        AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
            Access::ReadWrite
        }
        AddressSpace::Storage { .. } => Access::Read,
        space => panic!("{space:?}"),
    };
    let binding = |variable: &naga::GlobalVariable| {
        let binding = variable.binding?;
        assert_eq!(binding.group, 0);
        Some((binding.binding, access(variable, binding.binding)))
    };
    let variables = module.global_variables.iter();
    let mut declared: Vec<_> = variables.filter_map(|(_, variable)| binding(variable)).collect();
    declared.sort_by_key(|(binding, _)| *binding);
    declared
}

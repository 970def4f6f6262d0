//! Struct layouts, binding numbers and access modes, read out of the WGSL and compared with Rust.

use std::mem::offset_of;

use naga::{AddressSpace, StorageAccess, TypeInner};
use normproj::shader::params::{Axis, Params};
use normproj::shader::group::params::{Chunk, GroupParams};
use normproj::shader::group::variant::GroupVariant;
use normproj::shader::variant::{Access, Variant};

use crate::module;

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

#[test]
fn parameters_have_one_layout() {
    let module = module(&Variant::all()[0]);
    let (axis, axis_size) = fields(&module, "Axis");
    assert_eq!(axis, offsets!(Axis: size, source_stride, target_stride, slice_stride));
    assert_eq!(axis_size as usize, size_of::<Axis>());
    let (params, params_size) = fields(&module, "Params");
    let expected = offsets!(Params:
        threshold, threshold_exponent, radius, radius_exponent, source_offset, target_offset,
        first_slice, first_norm, tiles, chunks, steps, chunk, first_chunk, partials, slices,
        slices_here, kept_rank, reduced_rank, summaries, first_summary, on_non_finite, epsilon,
        epsilon_exponent, padding, kept, reduced);
    assert_eq!(params, expected);
    assert_eq!(params_size as usize, size_of::<Params>());
}

#[test]
fn accumulators_and_summaries_have_the_size_that_is_allocated() {
    use normproj::plan::gpu::steps::{ACCUMULATOR_BYTES, SUMMARY_BYTES};
    for variant in Variant::all() {
        let module = module(&variant);
        let (_, size) = fields(&module, "Accumulator");
        let four = variant.lane == normproj::shader::variant::Lane::FourColumns;
        let slices = if four { 4 } else { 1 };
        assert_eq!(u64::from(size), ACCUMULATOR_BYTES * slices);
        if variant.kernel == normproj::shader::variant::Kernel::Summary {
            assert_eq!(u64::from(fields(&module, "Summary").1), SUMMARY_BYTES);
        }
    }
}

#[test]
fn bindings_are_those_that_rust_lays_out() {
    for variant in Variant::all() {
        let mut declared: Vec<(u32, Access)> = module(&variant)
            .global_variables
            .iter()
            .filter_map(|(_, variable)| {
                let binding = variable.binding?;
                assert_eq!(binding.group, 0);
                let access = match variable.space {
                    AddressSpace::Uniform => Access::Uniform,
                    AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                        Access::ReadWrite
                    }
                    AddressSpace::Storage { .. } => Access::Read,
                    space => panic!("{variant:?}: {space:?}"),
                };
                Some((binding.binding, access))
            })
            .collect();
        declared.sort_by_key(|(binding, _)| *binding);
        let expected: Vec<(u32, Access)> =
            variant.bindings().iter().map(|(slot, access)| (slot.binding(), *access)).collect();
        assert_eq!(declared, expected, "{variant:?}");
    }
}

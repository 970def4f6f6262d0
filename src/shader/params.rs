//! Parameters of one dispatch: twins of `shaders/params/slices.wgsl`, compared with it by a test.

use crate::shader::twins::twins;

/// An axis, its strides counted in loads.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "the names are those of geometry::Axis")]
pub struct Axis {
    pub size: u32,
    pub source_stride: u32,
    pub target_stride: u32,
    pub slice_stride: u32,
}

twins! {
    /// Parameters of one dispatch, as kernels of f64 read them; `shaders/params/slices.wgsl` says what each is
    /// for.
    Params, SingleParams;
    numbers: threshold, radius, low_threshold, low_radius, epsilon, floor, rest, power,
        inverse_power, near_low, near_high, length, scale, low_scale, least, most, slope, goal_slope,
        low_slope, low_goal_slope, offset, goal_offset, low_offset, low_goal_offset;
    words: basis, signs, low, high, largest;
    wholes: low_key, high_key;
    exponents: threshold_exponent, radius_exponent, low_threshold_exponent, low_radius_exponent,
        epsilon_exponent, floor_exponent, rest_exponent, scale_exponent, low_scale_exponent, least_exponent,
        most_exponent, offset_exponent, goal_offset_exponent, low_offset_exponent,
        low_goal_offset_exponent;
    counts: rounds, always, on_non_finite, nearest, turns, radii_offset, first_radius, radii_rank,
        plane, direction_offset, upper_offset, first_upper, upper_rank, grain,
        least_field, source_offset, target_offset, gradient_shift, first_shift, second_shift, copy_shift, first_slice,
        first_norm, tiles, chunks, steps, chunk, first_chunk, partials, slices,
        slices_here, kept_rank, reduced_rank, summaries, first_summary, rows, first_row, rows_here,
        first_index, first_position;
    padding: 3, 2;
    arrays: kept: [Axis; 8], reduced: [Axis; 8], radii: [Axis; 8], uppers: [Axis; 8],
        direction_kept: [[u32; 4]; 2], direction_reduced: [[u32; 4]; 2];
}

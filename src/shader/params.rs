//! Parameters of one dispatch: the twin of `shaders/params/slices.wgsl`, compared with it by a test.

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

/// Parameters of one dispatch; `shaders/params/slices.wgsl` says what each is for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "described once, in shaders/params/slices.wgsl")]
pub struct Params {
    pub threshold: f32,
    pub threshold_exponent: i32,
    pub radius: f32,
    pub radius_exponent: i32,
    pub source_offset: u32,
    pub target_offset: u32,
    pub first_slice: u32,
    pub first_norm: u32,
    pub tiles: u32,
    pub chunks: u32,
    pub steps: u32,
    pub chunk: u32,
    pub first_chunk: u32,
    pub partials: u32,
    pub slices: u32,
    pub slices_here: u32,
    pub kept_rank: u32,
    pub reduced_rank: u32,
    pub summaries: u32,
    pub first_summary: u32,
    pub on_non_finite: u32,
    pub epsilon: f32,
    pub epsilon_exponent: i32,
    pub low_threshold: f32,
    pub low_threshold_exponent: i32,
    pub low_radius: f32,
    pub low_radius_exponent: i32,
    pub rest: f32,
    pub rest_exponent: i32,
    pub floor: f32,
    pub floor_exponent: i32,
    pub always: u32,
    pub basis: u32,
    pub power: f32,
    pub inverse_power: f32,
    pub low_key: i32,
    pub high_key: i32,
    pub low: u32,
    pub high: u32,
    pub alone: u32,
    pub signs: u32,
    pub aim: f32,
    pub near_low: f32,
    pub near_high: f32,
    pub unit: i32,
    pub reach: f32,
    pub length: f32,
    pub rounds: u32,
    pub nearest: u32,
    pub plane: u32,
    pub direction_offset: u32,
    pub padding: [u32; 1],
    pub kept: [Axis; 8],
    pub reduced: [Axis; 8],
    pub direction_kept: [[u32; 4]; 2],
    pub direction_reduced: [[u32; 4]; 2],
}

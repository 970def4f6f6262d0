//! Parameters of one dispatch: the twin of `shaders/params.wgsl`, compared with it by a test.

use crate::plan::margin::{Rim, Scaled};

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

/// Parameters of one dispatch; `shaders/params.wgsl` says what each is for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "described once, in shaders/params.wgsl")]
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
    pub kept: [Axis; 8],
    pub reduced: [Axis; 8],
}

/// An exponent that no sum of squares has: everything is inside, or outside.
const BEYOND: i32 = 1 << 20;

impl Params {
    /// The same dispatch for another rim.
    #[must_use]
    pub fn with_rim(self, rim: &Rim) -> Self {
        let (threshold, radius) = if rim.threshold.is_infinite() {
            (Scaled { mantissa: 1.0, exponent: BEYOND }, Scaled { mantissa: 1.0, exponent: 0 })
        } else if rim.target == 0.0 {
            // Every sum of squares is above the threshold; the kernels zero by the zero radius.
            (Scaled { mantissa: 0.0, exponent: -BEYOND }, Scaled::default())
        } else {
            (rim.scaled_threshold(), Scaled::binary(rim.target))
        };
        Params {
            threshold: threshold.mantissa,
            threshold_exponent: threshold.exponent,
            radius: radius.mantissa,
            radius_exponent: radius.exponent,
            ..self
        }
    }
}

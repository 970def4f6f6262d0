//! Parameters of one dispatch: the twin of `shaders/params.wgsl`, compared with it by a test.

use crate::plan::margin::Scaled;
use crate::plan::rim::Rim;
use crate::projection::OnNonFinite;

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
    pub on_non_finite: u32,
    pub epsilon: f32,
    pub epsilon_exponent: i32,
    pub padding: u32,
    pub kept: [Axis; 8],
    pub reduced: [Axis; 8],
}

/// An exponent that no power of a norm has: everything is inside, or outside.
const BEYOND: i32 = 1 << 20;

/// A rim as the kernels read it.
pub(crate) struct RimWords {
    pub threshold: Scaled,
    pub radius: Scaled,
    pub epsilon: Scaled,
}

impl RimWords {
    pub fn new(rim: &Rim) -> Self {
        let epsilon = Scaled::binary(rim.epsilon);
        let (threshold, radius) = if rim.threshold.is_infinite() {
            (Scaled { mantissa: 1.0, exponent: BEYOND }, Scaled { mantissa: 1.0, exponent: 0 })
        } else if rim.target == 0.0 || rim.threshold <= 0.0 {
            // Every power is above the threshold; a zero radius zeroes.
            let outside = Scaled { mantissa: 0.0, exponent: -BEYOND };
            (outside, Scaled::binary(rim.target))
        } else {
            (rim.scaled_threshold(), Scaled::binary(rim.target))
        };
        RimWords { threshold, radius, epsilon }
    }
}

/// The number that the kernels know a policy by.
pub(crate) fn policy(policy: OnNonFinite) -> u32 {
    match policy {
        OnNonFinite::Leave => 0,
        OnNonFinite::Zero => 1,
        OnNonFinite::Propagate => 2,
        OnNonFinite::Poison => 3,
    }
}

impl Params {
    /// The same dispatch for another rim.
    #[must_use]
    pub fn with_rim(self, rim: &Rim, on_non_finite: OnNonFinite) -> Self {
        let words = RimWords::new(rim);
        Params {
            threshold: words.threshold.mantissa,
            threshold_exponent: words.threshold.exponent,
            radius: words.radius.mantissa,
            radius_exponent: words.radius.exponent,
            on_non_finite: policy(on_non_finite),
            epsilon: words.epsilon.mantissa,
            epsilon_exponent: words.epsilon.exponent,
            ..self
        }
    }
}

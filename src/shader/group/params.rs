//! Parameters of one dispatch over chunks: the twin of `shaders/params/group.wgsl`.

use crate::dtype::{DType, Precision};
use crate::plan::margin::Scaled;
use crate::plan::rim::Rim;
use crate::plan::rule::bound;
use crate::projection::{OnNonFinite, Rounding};
use crate::shader::words::{BoundWords, RimWords, nearest, policy, powers};

/// Parameters of one dispatch; `shaders/params/group.wgsl` says what each is for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "described once, in shaders/params/group.wgsl")]
pub struct GroupParams {
    pub threshold: f32,
    pub threshold_exponent: i32,
    pub radius: f32,
    pub radius_exponent: i32,
    pub on_non_finite: u32,
    pub epsilon: f32,
    pub epsilon_exponent: i32,
    pub first_chunk: u32,
    pub chunks: u32,
    pub segments: u32,
    pub region: u32,
    pub low_key: i32,
    pub high_key: i32,
    pub low: u32,
    pub high: u32,
    pub given: f32,
    pub given_exponent: i32,
    pub given_at: u32,
    pub nearest: u32,
    pub rim: u32,
    pub power: f32,
    pub inverse_power: f32,
}

/// A run of one tensor; `shaders/params/group.wgsl` says what each field is for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[allow(missing_docs, reason = "described once, in shaders/params/group.wgsl")]
pub struct Chunk {
    pub slot: u32,
    pub first: u32,
    pub length: u32,
    pub partial: u32,
    pub verdict: u32,
    pub axes: u32,
    pub skipped: u32,
    pub other_slot: u32,
    pub other_first: u32,
    pub rate: f32,
    pub rows: u32,
    pub stride: u32,
    pub adds: u32,
}

impl GroupParams {
    /// The same dispatch for another rim.
    #[must_use]
    pub fn with_rim(self, rim: &Rim, on_non_finite: OnNonFinite, rounding: Rounding) -> Self {
        let words = RimWords::new(rim, Precision::Single);
        let [power, inverse_power] = powers(rim.norm).map(|number| number as f32);
        GroupParams {
            power,
            inverse_power,
            threshold: words.threshold.mantissa as f32,
            threshold_exponent: words.threshold.exponent,
            radius: words.radius.mantissa as f32,
            radius_exponent: words.radius.exponent,
            on_non_finite: policy(on_non_finite),
            nearest: nearest(rounding),
            epsilon: words.epsilon.mantissa as f32,
            epsilon_exponent: words.epsilon.exponent,
            ..self
        }
    }

    /// The same dispatch with bounds of elements, rounded toward zero to their dtype.
    #[must_use]
    pub(crate) fn with_bounds(self, low: f64, high: f64, dtype: DType) -> Self {
        let (low, high) = (bound(low, dtype), bound(high, dtype));
        let words = BoundWords::new(low, high, Precision::Single);
        GroupParams {
            low: words.low as u32,
            high: words.high as u32,
            low_key: words.low_key as i32,
            high_key: words.high_key as i32,
            ..self
        }
    }

    /// The same dispatch with a norm that the host gives.
    #[must_use]
    pub(crate) fn with_given(self, norm: f64) -> Self {
        if norm.is_infinite() {
            return GroupParams { given: f32::INFINITY, given_exponent: 0, ..self };
        }
        let Scaled { mantissa, exponent } = Scaled::binary(norm, Precision::Single);
        let none = norm == 0.0;
        let given_exponent = if none { 0 } else { exponent };
        GroupParams { given: mantissa as f32, given_exponent, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_zero_keep_both_zeros() {
        let params = GroupParams::default().with_bounds(0.0, -0.0, DType::F32);
        let same = GroupParams::default().with_bounds(-0.0, 0.0, DType::F32);
        assert_eq!((params.low_key, params.high_key), (same.low_key, same.high_key));
    }
}

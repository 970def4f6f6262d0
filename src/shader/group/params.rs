//! Parameters of one dispatch over chunks: twins of `shaders/params/group.wgsl`, compared with it by a test.

use crate::dtype::{DType, Precision};
use crate::plan::margin::Scaled;
use crate::plan::rim::Rim;
use crate::plan::rule::bound;
use crate::projection::{OnNonFinite, Rounding};
use crate::shader::twins::twins;
use crate::shader::words::{BoundWords, RimWords, nearest, policy, powers};

twins! {
    /// Parameters of one dispatch, as kernels of f64 read them; `shaders/params/group.wgsl` says what each is
    /// for.
    GroupParams, SingleGroupParams;
    numbers: threshold, radius, epsilon, given, power, inverse_power;
    words: low, high;
    wholes: low_key, high_key;
    exponents: threshold_exponent, radius_exponent, epsilon_exponent, given_exponent;
    counts: on_non_finite, first_chunk, chunks, segments, region, given_at, nearest, rim;
}

twins! {
    /// A run of one tensor, as kernels of f64 read it; `shaders/run/chunk.wgsl` says what each field is for.
    Chunk, SingleChunk;
    numbers: rate;
    words: ;
    wholes: ;
    exponents: ;
    counts: slot, first, length, partial, verdict, axes, skipped, other_slot, other_first, rows, stride, adds;
}

impl GroupParams {
    /// The bytes of the parameters of a dispatch.
    pub(crate) fn size(precision: Precision) -> u64 {
        let bytes = match precision {
            Precision::Single => size_of::<SingleGroupParams>(),
            Precision::Double => size_of::<GroupParams>(),
        };
        bytes as u64
    }

    /// The same dispatch for another rim.
    #[must_use]
    pub(crate) fn with_rim(
        self,
        rim: &Rim,
        on_non_finite: OnNonFinite,
        rounding: Rounding,
        precision: Precision,
    ) -> Self {
        let words = RimWords::new(rim, precision);
        let [power, inverse_power] = powers(rim.norm);
        GroupParams {
            power,
            inverse_power,
            threshold: words.threshold.mantissa,
            threshold_exponent: words.threshold.exponent,
            radius: words.radius.mantissa,
            radius_exponent: words.radius.exponent,
            on_non_finite: policy(on_non_finite),
            nearest: nearest(rounding),
            epsilon: words.epsilon.mantissa,
            epsilon_exponent: words.epsilon.exponent,
            ..self
        }
    }

    /// The same dispatch with bounds of elements, rounded toward zero to their dtype.
    #[must_use]
    pub(crate) fn with_bounds(
        self,
        low: f64,
        high: f64,
        dtype: DType,
        precision: Precision,
    ) -> Self {
        let (low, high) = (bound(low, dtype), bound(high, dtype));
        let BoundWords { low, high, low_key, high_key } = BoundWords::new(low, high, precision);
        GroupParams { low, high, low_key, high_key, ..self }
    }

    /// The same dispatch with a norm that the host gives.
    #[must_use]
    pub(crate) fn with_given(self, norm: f64, precision: Precision) -> Self {
        if norm.is_infinite() {
            return GroupParams { given: f64::INFINITY, given_exponent: 0, ..self };
        }
        let Scaled { mantissa, exponent } = Scaled::binary(norm, precision);
        let none = norm == 0.0;
        let given_exponent = if none { 0 } else { exponent };
        GroupParams { given: mantissa, given_exponent, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_zero_keep_both_zeros() {
        for precision in [Precision::Single, Precision::Double] {
            let of =
                |low, high| GroupParams::default().with_bounds(low, high, DType::F32, precision);
            let (params, same) = (of(0.0, -0.0), of(-0.0, 0.0));
            assert_eq!((params.low_key, params.high_key), (same.low_key, same.high_key));
        }
    }
}

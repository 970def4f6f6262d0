//! The norms of a group, read back.

use std::sync::Arc;

use crate::dtype::{DType, Precision};
use crate::error::Result;
use crate::gpu::readback::Staged;
use crate::model::{GroupReport, Verdict};
use crate::norm::Norm;
use crate::plan::group::{Factor, GroupPlan, Member, Power};
use crate::plan::margin::Scaled;
use crate::plan::rim::Rim;
use crate::shader::words::RimWords;

/// Norms of a group that are on their way.
#[derive(Debug)]
pub struct PendingVerdicts {
    pub(super) staged: Staged,
    /// The factors that the kernels stored, of Lp norms: whether a group is scaled depends on powers of
    /// the device, which the host cannot repeat.
    pub(super) factors: Option<Staged>,
    pub(super) plan: Arc<GroupPlan>,
    pub(super) names: Arc<[String]>,
}

/// Twins of `Accumulator` in `shaders/norm/sum.wgsl`, where a load holds one slice.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Accumulator {
    sum: f32,
    exponent: i32,
    largest: u32,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct DoubleAccumulator {
    sum: f64,
    exponent: i64,
    largest: u64,
}

/// The twin of `NO_NORM` in `shaders/given/none.wgsl`.
const NO_NORM: i32 = 2000;

/// What was found over some tensors.
#[derive(Debug, Clone, Copy)]
struct Found {
    sum: f64,
    exponent: i32,
    /// The largest magnitude; NaN with any NaN.
    largest: f64,
    precision: Precision,
}

fn found(bytes: &[u8], precision: Precision) -> Vec<Found> {
    match precision {
        Precision::Single => {
            let of = |&Accumulator { sum, exponent, largest }: &Accumulator| Found {
                sum: sum.into(),
                exponent,
                largest: f32::from_bits(largest).into(),
                precision,
            };
            bytemuck::pod_collect_to_vec::<u8, Accumulator>(bytes).iter().map(of).collect()
        }
        Precision::Double => {
            let of = |&DoubleAccumulator { sum, exponent, largest }: &DoubleAccumulator| Found {
                sum,
                exponent: exponent as i32,
                largest: f64::from_bits(largest),
                precision,
            };
            bytemuck::pod_collect_to_vec::<u8, DoubleAccumulator>(bytes).iter().map(of).collect()
        }
    }
}

/// The factors that the kernels stored.
fn factors(bytes: &[u8], precision: Precision) -> Vec<f64> {
    match precision {
        Precision::Single => {
            let factors: Vec<f32> = bytemuck::pod_collect_to_vec(bytes);
            factors.into_iter().map(f64::from).collect()
        }
        Precision::Double => bytemuck::pod_collect_to_vec(bytes),
    }
}

impl PendingVerdicts {
    pub async fn report(self) -> Result<GroupReport> {
        let bytes = self.staged.bytes().await?;
        let size = self.plan.steps().verdict_bytes() as usize;
        let precision = self.plan.steps().precision;
        let found = found(&bytes[..size], precision);
        let factors = match self.factors {
            Some(staged) => Some(factors(&staged.bytes().await?, precision)),
            None => None,
        };
        let decided = |segment: usize| factors.as_ref()?.get(segment).map(|&factor| factor < 1.0);
        let global = self.plan.request().clip.is_global();
        let rim = self.plan.rim();
        let all = found
            .first()
            .map_or(Verdict { norm: 0.0, scale: 1.0 }, |all| all.verdict(&rim, decided(0)));
        let total = if global { all } else { Verdict { scale: 1.0, ..all } };
        let rims = DType::ALL.map(|dtype| self.plan.rim_of(dtype));
        let of_tensor = |(segment, (tensor, member)): (usize, (&Found, &Member))| {
            let verdict = tensor.verdict(&rims[member.dtype as usize], decided(segment + 1));
            if global { Verdict { scale: total.scale, ..verdict } } else { verdict }
        };
        // Of an example, its first tensor stands for all.
        let members = self.plan.request().members.iter().step_by(self.plan.request().bundle());
        let mut tensors: Vec<Verdict> =
            found.iter().skip(1).zip(members).enumerate().map(of_tensor).collect();
        // Where a norm was given the tensors were not read.
        tensors.resize(self.names.len(), Verdict { norm: 0.0, scale: total.scale });
        Ok(GroupReport { names: self.names, total, tensors })
    }
}

impl Found {
    /// The norm, and the factor that the kernels decided on: by the same comparison of the same words,
    /// unless it is told.
    fn verdict(&self, rim: &Rim, decided: Option<bool>) -> Verdict {
        if self.exponent == NO_NORM || self.largest.is_nan() {
            return Verdict { norm: f64::NAN, scale: 1.0 };
        }
        if self.largest.is_infinite() {
            return Verdict { norm: f64::INFINITY, scale: 1.0 };
        }
        let least = match self.precision {
            Precision::Single => f32::MIN_POSITIVE.into(),
            Precision::Double => f64::MIN_POSITIVE,
        };
        let sum = match rim.norm {
            // Subnormal, which is a norm of zero to the kernels.
            Norm::Linf if self.largest < least => 0.0,
            Norm::Linf => self.largest,
            Norm::L1 | Norm::L2 | Norm::Lp(_) => self.sum,
        };
        let threshold = RimWords::new(rim, self.precision).threshold;
        if sum == 0.0 {
            // Subnormal elements, whose powers vanish.
            let outside = self.largest > 0.0 && threshold.mantissa == 0.0;
            let scale = if rim.target == 0.0 { 0.0 } else { rim.target / rim.epsilon };
            return Verdict { norm: 0.0, scale: if outside { scale } else { 1.0 } };
        }
        let norm = Power::scaled(sum, self.exponent).root(rim.norm);
        let Scaled { mantissa, exponent } = match rim.norm {
            Norm::L2 => Scaled::quaternary(sum, self.precision),
            Norm::L1 | Norm::Linf | Norm::Lp(_) => Scaled::binary(sum, self.precision),
        };
        let exponent = exponent + self.exponent;
        let over = decided.unwrap_or(
            exponent > threshold.exponent
                || (exponent == threshold.exponent && mantissa > threshold.mantissa),
        );
        let scale = if over { Factor::of(rim, norm).number() } else { 1.0 };
        Verdict { norm: norm.number(), scale }
    }
}

//! The norms of a group, read back.

use std::sync::Arc;

use crate::dtype::{DType, Precision};
use crate::error::Result;
use crate::gpu::readback::Staged;
use crate::model::{GroupReport, Verdict};
use crate::norm::Norm;
use crate::plan::group::{GroupPlan, Member};
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

/// The twin of `Accumulator` in `shaders/norm/sum.wgsl`, where a load holds one slice.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Accumulator {
    sum: f32,
    exponent: i32,
    largest: u32,
}

/// The twin of `NO_NORM` in `shaders/given/norm.wgsl`.
const NO_NORM: i32 = 2000;
const INFINITY: u32 = 0x7f80_0000;

impl PendingVerdicts {
    pub async fn report(self) -> Result<GroupReport> {
        let bytes = self.staged.bytes().await?;
        let size = self.plan.steps().verdict_bytes() as usize;
        let found: Vec<Accumulator> = bytemuck::pod_collect_to_vec(&bytes[..size]);
        let factors = match self.factors {
            Some(staged) => Some(bytemuck::pod_collect_to_vec::<u8, f32>(&staged.bytes().await?)),
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
        let of_tensor = |(segment, (tensor, member)): (usize, (&Accumulator, &Member))| {
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

impl Accumulator {
    /// The norm, and the factor that the kernels decided on: by the same comparison of the same words,
    /// unless it is told.
    fn verdict(&self, rim: &Rim, decided: Option<bool>) -> Verdict {
        if self.exponent == NO_NORM || self.largest > INFINITY {
            return Verdict { norm: f64::NAN, scale: 1.0 };
        }
        if self.largest == INFINITY {
            return Verdict { norm: f64::INFINITY, scale: 1.0 };
        }
        let power = match rim.norm {
            // Subnormal, which is a norm of zero to the kernels.
            Norm::Linf if self.largest < f32::MIN_POSITIVE.to_bits() => 0.0,
            Norm::Linf => f32::from_bits(self.largest),
            Norm::L1 | Norm::L2 | Norm::Lp(_) => self.sum,
        };
        let degree = rim.norm.degree();
        let scaled = f64::from(power) * f64::from(degree * self.exponent).exp2();
        let norm = match rim.norm {
            Norm::L2 => f64::from(power).sqrt() * f64::from(self.exponent).exp2(),
            Norm::Lp(p) => {
                // A root of many terms may be beyond f64, and is finite all the same.
                let root = f64::from(power).log2() / p.value() + f64::from(self.exponent);
                root.exp2().min(f64::MAX)
            }
            Norm::L1 | Norm::Linf => scaled,
        };
        if power == 0.0 {
            // Subnormal elements, whose powers vanish.
            let outside =
                self.largest > 0 && RimWords::new(rim, Precision::Single).threshold.mantissa == 0.0;
            let scale = if rim.target == 0.0 { 0.0 } else { rim.target / rim.epsilon };
            return Verdict { norm: 0.0, scale: if outside { scale } else { 1.0 } };
        }
        let bits = power.to_bits() as i32;
        let whole = ((bits >> 23) - 127) >> (degree - 1);
        let mantissa = f32::from_bits((bits - (whole << (22 + degree))) as u32);
        let threshold = RimWords::new(rim, Precision::Single).threshold;
        let exponent = whole + self.exponent;
        let over = decided.unwrap_or(
            exponent > threshold.exponent
                || (exponent == threshold.exponent && f64::from(mantissa) > threshold.mantissa),
        );
        Verdict { norm, scale: if over { rim.target / (norm + rim.epsilon) } else { 1.0 } }
    }
}

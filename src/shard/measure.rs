//! The statistics of the elements at hand.

use super::magnitude::Magnitude;
use super::statistics::{Kind, Slice, Statistics, degree};
use crate::axes::Axes;
use crate::buffer::DeviceBuffer;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::profile::DeviceKind;

/// Norms of slices as the device computes them, in memory of its own.
#[derive(Debug)]
pub(super) struct Measure {
    norm: Norm,
    axes: Axes,
    buffer: DeviceBuffer,
    norms: DeviceBuffer,
    error: f64,
    length: usize,
}

/// A chain of additions in f64 is off by this for each, and every power and root by some of it.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// The product of p and an exponent of f64 is rounded.
const POWER: f64 = 2048.0 * f64::EPSILON;

impl Measure {
    /// `plan` is that of the norms of `buffer`, which go to `norms`.
    pub fn new(plan: &Plan, norm: Norm, buffer: &DeviceBuffer, norms: DeviceBuffer) -> Self {
        let length = plan.geometry().length();
        let (axes, error) = (plan.request().axes(), error(plan, norm));
        Measure { norm, axes, buffer: buffer.clone(), norms, error, length }
    }

    /// Reads the norms; the elements only where a norm leaves the dtype of norms though all of them are finite.
    pub fn statistics(&self) -> Result<Statistics> {
        let norms = self.read(self.norm)?;
        let mut slices: Vec<Slice> = norms.iter().map(|&n| self.slice(n)).collect();
        let mut error = self.error;
        if self.norm != Norm::Linf && slices.iter().any(|slice| slice.kind == Kind::Infinite) {
            // The largest magnitude is infinite only if an element is.
            let beyond: Vec<bool> = self.read(Norm::Linf)?.iter().map(|n| n.is_finite()).collect();
            let beyond = |i: usize, slice: &Slice| slice.kind == Kind::Infinite && beyond[i];
            if slices.iter().enumerate().any(|(i, slice)| beyond(i, slice)) {
                let sums = self.sums()?;
                for (i, slice) in
                    slices.iter_mut().enumerate().filter(|(i, slice)| beyond(*i, slice))
                {
                    *slice = Slice { sum: sums[i], kind: Kind::Finite };
                }
                error += ROUNDING * self.length as f64 * degree(self.norm).recip().max(1.0);
            }
        }
        let (norm, dtype, length) = (self.norm, self.buffer.dtype(), self.length as u64);
        let error = if length == 0 { 0.0 } else { error };
        Ok(Statistics { norm, dtype, error, length, slices })
    }

    fn slice(&self, norm: f64) -> Slice {
        match norm {
            n if n.is_nan() => Slice { sum: Magnitude::ZERO, kind: Kind::Nan },
            n if n.is_infinite() => Slice { sum: Magnitude::ZERO, kind: Kind::Infinite },
            n => Slice { sum: Magnitude::new(n).power(degree(self.norm)), kind: Kind::Finite },
        }
    }

    fn read(&self, norm: Norm) -> Result<Vec<f64>> {
        self.buffer.context().norms(norm, self.axes, &self.buffer, &self.norms)?;
        elements(&self.norms)
    }

    /// The sums of powers of the elements, which are read: slow, and never out of range. Of slices that are
    /// not finite they mean nothing.
    fn sums(&self) -> Result<Vec<Magnitude>> {
        let (shape, p) = (self.buffer.shape(), degree(self.norm));
        let reduced = self.axes.resolve(shape)?;
        let mut sums = vec![Magnitude::ZERO; self.norms.layout().len()];
        let mut index = vec![0; shape.len()];
        for x in elements(&self.buffer)? {
            let kept = (0..shape.len()).filter(|&d| !reduced[d]);
            let sum = &mut sums[kept.fold(0, |slice, d| slice * shape[d] + index[d])];
            if x.is_finite() {
                *sum = sum.plus(Magnitude::new(x.abs()).power(p));
            }
            for d in (0..shape.len()).rev() {
                index[d] += 1;
                if index[d] < shape[d] {
                    break;
                }
                index[d] = 0;
            }
        }
        Ok(sums)
    }
}

/// What norms may be off by, relatively: half of what sums are where a root follows, and what root and result
/// are rounded by. The CPU backend works in f64 and rounds once.
fn error(plan: &Plan, norm: Norm) -> f64 {
    let (margin, sigma) = (plan.margin(), plan.margin().of(norm).sigma);
    let native = matches!(plan.profile().kind, DeviceKind::Native { .. });
    let rounded = if native { 1.0 } else { 6.0 } * margin.unit + ROUNDING;
    match norm {
        Norm::Linf => 0.0,
        Norm::L1 => sigma + rounded,
        Norm::L2 => 0.5 * sigma + rounded,
        Norm::Lp(_) => sigma + rounded + POWER,
    }
}

/// The elements in row-major order, as f64.
fn elements(buffer: &DeviceBuffer) -> Result<Vec<f64>> {
    fn of<T: Element>(buffer: &DeviceBuffer) -> Result<Vec<f64>> {
        Ok(buffer.read_as::<T>()?.into_iter().map(Into::into).collect())
    }
    match buffer.dtype() {
        DType::F32 => of::<f32>(buffer),
        DType::F16 => of::<half::f16>(buffer),
        DType::BF16 => of::<half::bf16>(buffer),
        DType::F64 => of::<f64>(buffer),
    }
}

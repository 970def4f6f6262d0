//! What results must be. Slices are lists of element numbers; norms here are in f64, which is exact
//! enough: the margins of the device leave room for its rounding.

use normproj::plan::margin::{Margin, U};
use normproj::{Report, Rounding};

/// The largest error as a fraction of what is allowed, or what was wrong.
pub type Found = Result<f64, String>;

/// The smallest normal f32: results below may be flushed or rounded.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// What is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// As the device has it: rounded toward zero.
    pub radius: f64,
    pub margin: Margin,
    pub rounding: Rounding,
    /// Whether sums run in f64: the native CPU backend.
    pub native: bool,
}

impl Bound {
    /// The relative error that is allowed.
    fn relative(&self) -> f64 {
        match self.rounding {
            Rounding::Nearest if self.native => 8.0 * U,
            Rounding::Nearest => self.margin.sigma / 2.0 + 6.0 * U,
            _ => 2.0 * self.margin.kappa,
        }
    }

    /// Whether a slice of this norm must keep every bit.
    fn keeps(&self, norm: f64) -> bool {
        norm <= self.radius * (1.0 - self.margin.sigma)
    }

    /// Whether a slice of this norm must be scaled.
    fn scales(&self, norm: f64) -> bool {
        match self.rounding {
            Rounding::Nearest => norm > self.radius * (1.0 + self.margin.sigma),
            _ => norm > self.radius,
        }
    }
}

/// Compares a projection with the exact one.
pub fn projected(
    before: &[f32],
    after: &[f32],
    exact: &[f64],
    slices: &[Vec<usize>],
    bound: &Bound,
) -> Found {
    let mut worst = 0f64;
    for (s, slice) in slices.iter().enumerate() {
        let norm = norm(before, slice);
        if !norm.is_finite() || bound.keeps(norm) {
            let touched = slice.iter().find(|&&i| before[i].to_bits() != after[i].to_bits());
            if let Some(i) = touched {
                return Err(format!(
                    "slice {s} of norm {norm:e} must keep its bits; {:e} became {:e}",
                    before[*i], after[*i]
                ));
            }
            continue;
        }
        for &i in slice {
            let allowed = bound.relative() * exact[i].abs() + TINY;
            let error = (f64::from(after[i]) - exact[i]).abs() / allowed;
            if error.is_nan() || error > 1.0 {
                return Err(format!("slice {s}: {:e} instead of {:e}", after[i], exact[i]));
            }
            worst = worst.max(error);
        }
        let end = self::norm(after, slice);
        if bound.rounding == Rounding::Feasible && end > bound.radius {
            return Err(format!("slice {s} ends with norm {end}, beyond {}", bound.radius));
        }
    }
    Ok(worst)
}

/// Compares norms with the exact ones. One beyond f32 becomes infinite, one of a slice with NaN or
/// infinity may not be finite.
pub fn norms(found: &[f32], exact: &[f64], kappa: f64) -> Found {
    let mut worst = 0f64;
    if found.len() != exact.len() {
        return Err(format!("{} norms instead of {}", found.len(), exact.len()));
    }
    for (s, (&found, &exact)) in found.iter().zip(exact).enumerate() {
        let beyond = !exact.is_finite() || exact * (1.0 + kappa) > f64::from(f32::MAX);
        if beyond && !found.is_finite() {
            continue;
        }
        let error = (f64::from(found) - exact).abs() / (kappa * exact + TINY);
        if error.is_nan() || error > 1.0 {
            return Err(format!("slice {s} has norm {exact:e}, not {found:e}"));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

/// Compares what a report says with the exact norms.
pub fn report(report: &Report, norms: &[f64], bound: &Bound) -> Result<(), String> {
    let count = |what: &dyn Fn(f64) -> bool| norms.iter().filter(|&&n| what(n)).count() as u64;
    let finite: Vec<f64> = norms.iter().copied().filter(|norm| norm.is_finite()).collect();
    let expect = |what: &str, found: u64, expected: u64| match found == expected {
        true => Ok(()),
        false => Err(format!("the report has {found} {what}, not {expected}")),
    };
    expect("slices", report.slices, norms.len() as u64)?;
    // A device that flushes subnormal numbers sees zeros where there are some.
    let (least, most) = (count(&|norm| norm == 0.0), count(&|norm| norm < TINY));
    if !(least..=most).contains(&report.zero) {
        let found = report.zero;
        return Err(format!("the report has {found} slices of zeros, not {least} to {most}"));
    }
    expect("slices that are not finite", report.non_finite, count(&|norm| !norm.is_finite()))?;
    let first = norms.iter().position(|norm| !norm.is_finite()).map(|slice| slice as u64);
    if report.first_non_finite != first {
        let found = report.first_non_finite;
        return Err(format!(
            "the report's first slice that is not finite is {found:?}, not {first:?}"
        ));
    }
    let least = count(&|norm| norm.is_finite() && bound.scales(norm));
    let most = count(&|norm| norm.is_finite() && !bound.keeps(norm));
    if !(least..=most).contains(&report.changed) {
        let found = report.changed;
        return Err(format!("the report has {found} slices changed, not {least} to {most}"));
    }
    let largest = finite.iter().copied().fold(0.0, f64::max);
    let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
    for (what, found, exact) in
        [("largest", report.largest_norm, largest), ("mean", report.mean_norm, mean)]
    {
        let error = (found - exact).abs();
        if error.is_nan() || error > bound.margin.kappa * exact + TINY {
            return Err(format!("the report has {what} norm {found:e}, not {exact:e}"));
        }
    }
    Ok(())
}

/// Whether two memories are the same, NaN included; the first element that is not.
pub fn same_bits(one: &[f32], other: &[f32]) -> Result<(), usize> {
    if one.len() != other.len() {
        return Err(one.len().min(other.len()));
    }
    let differs = one.iter().zip(other).position(|(a, b)| a.to_bits() != b.to_bits());
    differs.map_or(Ok(()), Err)
}

fn norm(elements: &[f32], slice: &[usize]) -> f64 {
    slice.iter().map(|&i| f64::from(elements[i]) * f64::from(elements[i])).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;

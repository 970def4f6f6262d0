//! What projections are, in plain formulas of f64, and how near a GPU must come.

use normproj::{Axes, Norm, Plan, reference};

/// What becomes of a finite slice.
#[derive(Debug, Clone, Copy)]
pub enum Truth {
    /// Scaled to a norm between two, by a part of the way, with what is added to the norm that
    /// divides; whether what is inside is multiplied, too.
    Scale { norm: Norm, low: f64, high: f64, rate: f64, epsilon: f64, always: bool },
    /// Each element between two bounds.
    Clamp { low: f64, high: f64 },
    /// The sum of magnitudes at most, or exactly.
    Magnitudes { sum: f64, exactly: bool },
    /// The sum of elements, none of them negative.
    Simplex { sum: f64 },
}

/// A result, to be compared.
pub struct Close<'a> {
    pub plan: &'a Plan,
    pub host: &'a [f32],
    pub found: &'a [f32],
}

impl Truth {
    /// Without an ε or a rate, projecting twice is projecting once.
    pub fn is_idempotent(&self) -> bool {
        match *self {
            Truth::Scale { rate, epsilon, always, .. } => rate == 1.0 && epsilon == 0.0 && !always,
            _ => true,
        }
    }

    pub fn of(&self, slice: &[f64]) -> Vec<f64> {
        match *self {
            Truth::Scale { norm, low, high, rate, epsilon, always } => {
                let n = norm_of(norm, slice);
                let outside = n < low || n > high;
                let goal = rate * n.clamp(low, high) + (1.0 - rate) * n;
                let factor =
                    if n > 0.0 && (outside || always) { goal / (n + epsilon) } else { 1.0 };
                slice.iter().map(|x| x * factor).collect()
            }
            Truth::Clamp { low, high } => slice.iter().map(|x| x.clamp(low, high)).collect(),
            Truth::Magnitudes { sum, exactly } => {
                let heights: Vec<f64> = slice.iter().map(|x| x.abs()).collect();
                let total: f64 = heights.iter().sum();
                if total == 0.0 || (total <= sum && !exactly) {
                    return slice.to_vec();
                }
                let left = shrunk(&heights, sum);
                left.iter().zip(slice).map(|(y, x)| y.copysign(*x)).collect()
            }
            Truth::Simplex { sum } => shrunk(slice, sum),
        }
    }
}

/// `max(h − t, 0)` with the t for which the sum is `sum`.
fn shrunk(heights: &[f64], sum: f64) -> Vec<f64> {
    let mut sorted = heights.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top = sorted[0];
    // What remains of the greatest, so that nothing cancels.
    let (mut below, mut remains) = (0.0, sum);
    for (i, height) in sorted.iter().enumerate() {
        below += top - height;
        let candidate = (sum + below) / (i + 1) as f64;
        if candidate <= top - height {
            break;
        }
        remains = candidate;
    }
    heights.iter().map(|height| (remains - (top - height)).max(0.0)).collect()
}

pub fn norm_of(norm: Norm, slice: &[f64]) -> f64 {
    let largest = slice.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let sum =
        |p: f64| slice.iter().map(|x| (x.abs() / largest).powf(p)).sum::<f64>().powf(p.recip());
    largest
        * match norm {
            Norm::L1 => sum(1.0),
            Norm::L2 => sum(2.0),
            Norm::Lp(p) => sum(p.value()),
            _ => 1.0,
        }
}

fn largest(of: &[f64]) -> f64 {
    of.iter().fold(0.0, |a: f64, x| a.max(x.abs()))
}

/// How far a result may be from the truth before it is rounded to 16 bits: relatively, and on top.
pub fn tolerance(truth: &Truth, plan: &Plan, x: &[f64], expected: &[f64]) -> (f64, f64) {
    let kappa = |norm| plan.margin().of(norm).kappa;
    let growth = (largest(expected) / largest(x)).max(1.0);
    let lost = if growth.is_finite() { growth * 2f64.powi(-125) } else { 0.0 };
    match *truth {
        Truth::Scale { norm, .. } => (3.0 * kappa(norm), lost),
        Truth::Clamp { .. } => (2f64.powi(-23), 0.0),
        Truth::Magnitudes { sum, .. } | Truth::Simplex { sum } => {
            (0.0, 2.0 * kappa(Norm::L1) * sum + 2f64.powi(-125))
        }
    }
}

impl Close<'_> {
    pub fn check(&self, truth: &Truth, shape: &[usize], axes: Axes) {
        for slice in reference::slices(axes, shape).unwrap() {
            let of = |from: &[f32]| -> Vec<f64> { slice.iter().map(|&i| from[i].into()).collect() };
            let (x, y) = (of(self.host), of(self.found));
            let largest = largest(&x);
            // Some devices take subnormal numbers for zeros.
            if largest > 0.0 && largest < f64::from(f32::MIN_POSITIVE) {
                continue;
            }
            self.compare(truth, &x, &y);
        }
    }

    fn compare(&self, truth: &Truth, x: &[f64], y: &[f64]) {
        let kappa = |norm| self.plan.margin().of(norm).kappa;
        let expected = truth.of(x);
        let (relative, absolute) = tolerance(truth, self.plan, x, &expected);
        for ((x, y), expected) in x.iter().zip(y).zip(&expected) {
            let bound = relative * expected.abs() + absolute;
            let error = (y - expected).abs();
            let explain = || format!("{truth:?}\n{}", self.plan.explain());
            assert!(error <= bound, "{x:e} → {y:e}, not {expected:e} ± {bound:e}\n{}", explain());
        }
        let total = y.iter().map(|y| y.abs()).sum::<f64>();
        let about = |sum: f64| (total / sum - 1.0).abs() <= 2.0 * kappa(Norm::L1);
        let zero = largest(x) == 0.0;
        match *truth {
            Truth::Magnitudes { sum, exactly: false } => assert!(total <= sum, "{total:e}"),
            Truth::Magnitudes { sum, exactly: true } => {
                assert!(zero || about(sum), "{total:e}\n{}", self.plan.explain());
            }
            Truth::Simplex { sum } => {
                assert!(
                    about(sum) && y.iter().all(|y| *y >= 0.0),
                    "{total:e}\n{}",
                    self.plan.explain()
                );
            }
            Truth::Scale { norm, high, .. } if truth.is_idempotent() => {
                let slack = 1.0 + 2.0 * kappa(norm);
                assert!(norm_of(norm, y) <= high * slack, "{}", self.plan.explain());
            }
            _ => {}
        }
    }
}

//! What the promises of `Shard` say of a matrix, against the oracle's projection of the whole.

use normproj::{Norm, Projection, Rounding, reference};

use super::ranks::{Matrix, Outcome};
use crate::values::{Value, least_normal};

/// How many slices came to what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Verdict {
    pub kept: usize,
    pub scaled: usize,
}

impl Verdict {
    pub fn and(self, other: Verdict) -> Verdict {
        Verdict { kept: self.kept + other.kept, scaled: self.scaled + other.scaled }
    }
}

/// Whether all promises hold of a matrix whose elements are finite; if not, which one does not.
pub fn judge<T: Value>(
    projection: &Projection,
    before: &Matrix<T>,
    after: &Outcome<T>,
) -> Result<Verdict, String> {
    let (norm, layout) = (projection.norm(), before.layout());
    let exact = reference::project(projection, &before.elements, &layout).expect("valid");
    let slices = reference::slices(projection.axes(), &before.shape).expect("valid");
    let mut verdict = Verdict::default();
    for (number, places) in slices.iter().enumerate() {
        let x: Vec<T> = places.iter().map(|&i| before.elements[i]).collect();
        let y: Vec<T> = places.iter().map(|&i| after.matrix.elements[i]).collect();
        let bound = bound::<T>(projection, x.len());
        let changed = x.iter().zip(&y).any(|(x, y)| x.bits() != y.bits());
        let delta = if nearest(projection) { 0.0 } else { after.delta };
        if changed && !reference::exceeds_in(norm, &x, bound * (1.0 - 2.0 * delta)) {
            return Err(format!("slice {number} lost bits inside {bound:e}"));
        }
        if !nearest(projection) && reference::exceeds_in(norm, &y, bound) {
            let n = reference::norm(norm, &y);
            return Err(format!("slice {number} has norm {n:e} over {bound:e}, {:e}", n / bound));
        }
        for (place, y) in places.iter().zip(&y) {
            near(exact[*place], *y, projection, after).map_err(|far| {
                format!(
                    "element {place} of slice {number} is {y:?}, not {:e}: {far}",
                    exact[*place]
                )
            })?;
        }
        match changed {
            true => verdict.scaled += 1,
            false => verdict.kept += 1,
        }
    }
    Ok(verdict)
}

fn nearest(projection: &Projection) -> bool {
    projection.rounds() == Rounding::Nearest
}

/// T of the contract: c, and of 16-bit elements what rounding to nearest may add.
fn bound<T: Value>(projection: &Projection, length: usize) -> f64 {
    let c = reference::radius_in(T::DTYPE, projection.radius());
    let (length, grain) = (length as f64, T::DTYPE.grain());
    let ones = match projection.norm() {
        Norm::L1 => length,
        Norm::L2 => length.sqrt(),
        Norm::Linf => 1.0,
        Norm::Lp(p) => length.powf(p.value().recip()),
        norm => panic!("{norm} is new"),
    };
    match projection.rounds() {
        // Of f32 and f64 nothing is added, also if a slice of ones has no finite norm.
        Rounding::Feasible if c > 0.0 && grain.relative > 0.0 => {
            c * (1.0 + grain.relative) + grain.absolute * ones
        }
        _ => c,
    }
}

fn near<T: Value>(
    exact: f64,
    y: T,
    projection: &Projection,
    after: &Outcome<T>,
) -> Result<(), String> {
    let grain = T::DTYPE.grain();
    // Toward zero an element may lose twice what it loses to the nearest.
    let steps = if projection.rounds() == Rounding::TowardZero { 2.0 } else { 1.0 };
    let relative = 2.0 * after.kappa + 5.0 * after.delta + steps * grain.relative;
    let room = relative * exact.abs() + steps * grain.absolute + least_normal(T::DTYPE);
    let far = (y.wide() - exact).abs();
    // Not `far > room`: NaN must be refused too.
    if far <= room { Ok(()) } else { Err(format!("{far:e} apart, and {room:e} is granted")) }
}

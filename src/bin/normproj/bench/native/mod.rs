//! The native CPU backend: its ceilings, and what is measured beside them.

pub mod clip;
mod memory;
pub mod projection;
pub mod step;
mod streams;

pub use streams::ceilings;

/// A radius that this fraction of slices of these norms exceeds.
pub fn radius(mut norms: Vec<f64>, violating: f64) -> f64 {
    norms.sort_unstable_by(f64::total_cmp);
    let inside = ((1.0 - violating) * norms.len() as f64).round() as usize;
    let norm = |index: usize| norms.get(index).copied().unwrap_or(1.0);
    match inside {
        0 => 0.5 * norm(0),
        all if all >= norms.len() => 2.0 * norm(norms.len().saturating_sub(1)),
        some => 0.5 * (norm(some - 1) + norm(some)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_radius_leaves_the_fraction_that_was_asked_for_outside() {
        let norms: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (violating, outside) in [(0.0, 0), (0.01, 1), (0.1, 10), (1.0, 100)] {
            let radius = super::radius(norms.clone(), violating);
            assert_eq!(norms.iter().filter(|&&n| n > radius).count(), outside);
        }
    }
}

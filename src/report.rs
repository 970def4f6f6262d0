//! What a request did, for whoever asks.

use crate::plan::rule::Rule;

/// What happened to the slices of one request. Norms are those before the projection.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many slices there are; of rows that indices name, each counts once.
    pub slices: u64,
    /// How many were scaled.
    pub changed: u64,
    /// How many hold only zeros.
    pub zero: u64,
    /// How many hold a NaN or an infinity; they keep their bits, unless a policy replaces them.
    pub non_finite: u64,
    /// The first of those, in row-major order of the kept axes.
    pub first_non_finite: Option<u64>,
    /// How many finite slices have a direction of zeros, or one with NaN or infinity; they keep their bits.
    pub degenerate: u64,
    /// The largest norm of a finite slice; 0 if there is none.
    pub largest_norm: f64,
    /// The mean norm of the finite slices; 0 if there is none.
    pub mean_norm: f64,
    /// The smallest factor where radii are in device memory; else
    /// the factor of the slice with the largest norm, 1 at most; 1 if none was scaled. It is the smallest
    /// factor, but for formulas of other systems that multiply every slice by `n / (n + ε)`. Of sets
    /// that are not reached by scaling it is 1.
    pub smallest_factor: f64,
    /// How many were left because their radius, in device memory, is none: NaN, negative, or beyond what
    /// elements reach that must; or elements whose limits, in device memory, leave nothing between them. Of
    /// slices without elements the radii are not looked at.
    pub invalid: u64,
    /// Of rows that indices name, how many indices are negative or beyond the last row; in a table without
    /// elements they are not looked at.
    pub out_of_range: u64,
}

/// A report that is still being added up; parts of one request merge in any grouping.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Tally {
    pub slices: u64,
    pub changed: u64,
    pub zero: u64,
    pub non_finite: u64,
    pub first_non_finite: Option<u64>,
    pub degenerate: u64,
    pub largest_norm: f64,
    pub norm_sum: f64,
    pub invalid: u64,
    pub out_of_range: u64,
    /// Slices that were counted and are none: further indices of a row.
    pub repeated: u64,
    /// Of the slices that changed, where each may have a radius of its own or a norm beyond f64.
    pub smallest_factor: Option<f64>,
}

impl Tally {
    pub fn merge(self, other: Tally) -> Tally {
        let first = [self.first_non_finite, other.first_non_finite].into_iter().flatten().min();
        Tally {
            slices: self.slices + other.slices,
            changed: self.changed + other.changed,
            zero: self.zero + other.zero,
            non_finite: self.non_finite + other.non_finite,
            first_non_finite: first,
            degenerate: self.degenerate + other.degenerate,
            largest_norm: self.largest_norm.max(other.largest_norm),
            norm_sum: self.norm_sum + other.norm_sum,
            invalid: self.invalid + other.invalid,
            out_of_range: self.out_of_range + other.out_of_range,
            repeated: self.repeated + other.repeated,
            smallest_factor: [self.smallest_factor, other.smallest_factor]
                .into_iter()
                .flatten()
                .reduce(f64::min),
        }
    }

    /// The report of a request whose slices were compared with a rim.
    pub fn report(&self, rule: &Rule) -> Report {
        let slices = self.slices - self.out_of_range - self.repeated;
        let finite = slices - self.non_finite;
        Report {
            slices,
            changed: self.changed,
            zero: self.zero,
            non_finite: self.non_finite,
            first_non_finite: self.first_non_finite,
            degenerate: self.degenerate,
            largest_norm: self.largest_norm,
            mean_norm: if finite == 0 { 0.0 } else { self.norm_sum / finite as f64 },
            invalid: self.invalid,
            out_of_range: self.out_of_range,
            // The largest norm has the smallest factor.
            smallest_factor: match (self.changed, self.smallest_factor) {
                (0, _) => 1.0,
                (_, Some(factor)) => factor.min(1.0),
                _ => rule.smallest_factor(self.largest_norm),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::norm::Norm;
    use crate::plan::rim::Rim;

    #[test]
    fn subnormal_slices_that_become_zero_are_scaled_by_zero() {
        // A device that flushes subnormal numbers counts them as changed, with a norm of zero.
        let tally = Tally { slices: 2, changed: 2, ..Tally::default() };
        let zero = Rim { threshold: 0.0, target: 0.0, ..Rim::unbounded(Norm::L2) };
        let zero = Rule::Scale(zero);
        assert_eq!(tally.report(&zero).smallest_factor, 0.0);
        assert_eq!(Tally::default().report(&zero).smallest_factor, 1.0);
    }

    #[test]
    fn the_smallest_factor_counts_what_is_added_to_a_norm() {
        let rim = Rim { threshold: 0.0, target: 1.0, epsilon: 1.0, ..Rim::unbounded(Norm::L2) };
        let tally = Tally { slices: 1, changed: 1, largest_norm: 3.0, ..Tally::default() };
        assert_eq!(tally.report(&Rule::Scale(rim)).smallest_factor, 0.25);
    }
}

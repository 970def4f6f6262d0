//! What a run found.

use crate::report::Tally;

/// What was counted, and the slices that the kernels left to others: by their numbers in row-major order
/// of the kept axes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    pub tally: Tally,
    pub odd: Vec<usize>,
}

impl Found {
    pub fn merge(mut self, mut other: Found) -> Found {
        self.odd.append(&mut other.odd);
        Found { tally: self.tally.merge(other.tally), odd: self.odd }
    }
}

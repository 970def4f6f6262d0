//! Norms.

/// Which norm is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Norm {
    /// The sum of magnitudes, `Σ |x|`.
    L1,
    /// The Euclidean norm, `√Σ x²`.
    L2,
    /// The largest magnitude, `max |x|`.
    Linf,
}

impl Norm {
    /// Every norm, for those who enumerate.
    pub const ALL: [Norm; 3] = [Norm::L1, Norm::L2, Norm::Linf];

    /// The power of the norm that is accumulated: 2 where squares are summed.
    pub(crate) fn degree(self) -> i32 {
        match self {
            Norm::L1 | Norm::Linf => 1,
            Norm::L2 => 2,
        }
    }
}

impl std::fmt::Display for Norm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Norm::L1 => "L1",
            Norm::L2 => "L2",
            Norm::Linf => "Linf",
        })
    }
}

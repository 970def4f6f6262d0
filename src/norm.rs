//! Norms.

/// Which norm of a slice is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Norm {
    /// The Euclidean norm, `√Σ x²`.
    L2,
}

impl std::fmt::Display for Norm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Norm::L2 => "L2",
        })
    }
}

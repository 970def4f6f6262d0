//! Norms.

use crate::error::{Error, Result};

/// Which norm is bounded.
///
/// A new norm is a variant here, a file in `shaders/norm`, and an arm where the compiler asks for
/// one; ARCHITECTURE.md has the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Norm {
    /// The sum of magnitudes, `Σ |x|`.
    L1,
    /// The Euclidean norm, `√Σ x²`.
    L2,
    /// The largest magnitude, `max |x|`.
    Linf,
    /// `(Σ |x|ᵖ)^(1/p)`; for p < 1 a quasi-norm. Made by [`Norm::lp`].
    Lp(Power),
}

/// The p of an [`Norm::Lp`]: positive, finite and neither 1 nor 2, which have norms of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Power(u64);

impl Power {
    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Norm {
    /// The norms that need no number, for those who enumerate.
    pub const ALL: [Norm; 3] = [Norm::L1, Norm::L2, Norm::Linf];

    /// `(Σ |x|ᵖ)^(1/p)` for p > 0; p = 1, 2 and ∞ are [`Norm::L1`], [`Norm::L2`] and [`Norm::Linf`].
    ///
    /// ```
    /// use normproj::Norm;
    /// assert_eq!(Norm::lp(2.0)?, Norm::L2);
    /// assert_eq!(Norm::lp(3.0)?.to_string(), "L3");
    /// assert!(Norm::lp(-1.0).is_err());
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Power`] unless p is in `2⁻⁶..=2⁶` or infinite: beyond, powers of 24-bit numbers say
    /// nothing but which is the largest, or how many there are.
    pub fn lp(p: f64) -> Result<Norm> {
        match p {
            1.0 => Ok(Norm::L1),
            2.0 => Ok(Norm::L2),
            f64::INFINITY => Ok(Norm::Linf),
            p if (Self::LEAST_POWER..=Self::MOST_POWER).contains(&p) => {
                Ok(Norm::Lp(Power(p.to_bits())))
            }
            p => Err(Error::Power { p }),
        }
    }

    const LEAST_POWER: f64 = 1.0 / 64.0;
    const MOST_POWER: f64 = 64.0;

    /// The power of the norm that is accumulated and compared: 2 where squares are summed.
    pub(crate) fn degree(self) -> i32 {
        match self {
            Norm::L1 | Norm::Linf | Norm::Lp(_) => 1,
            Norm::L2 => 2,
        }
    }
}

impl std::fmt::Display for Norm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Norm::L1 => formatter.write_str("L1"),
            Norm::L2 => formatter.write_str("L2"),
            Norm::Linf => formatter.write_str("Linf"),
            Norm::Lp(p) => write!(formatter, "L{}", p.value()),
        }
    }
}

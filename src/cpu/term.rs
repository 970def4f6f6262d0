//! What is accumulated over a slice.

use std::any::TypeId;

use pulp::{Scalar, Simd};

use super::number::Real;
use super::power::power;
use crate::norm::Norm;

/// A sum of powers of magnitudes, or the largest of them. It is infinite or NaN if an element is; of
/// f32 it is only then, unless powers are beyond [`Term::AMPLE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Term {
    /// `x²`, for the L2 norm.
    Squares,
    /// `|x|`, for the L1 norm.
    Magnitudes,
    /// The largest `|x|`, for the Linf norm.
    Largest,
    /// `√|x|`, for the L½ norm.
    Roots,
    /// `|x|³`, for the L3 norm.
    Cubes,
    /// `x⁴`, for the L4 norm.
    Fourths,
    /// `|x|ᵖ`, for the Lp norm.
    Powers(f64),
}

impl Term {
    /// Sums of larger powers of f32 may leave f64.
    pub const AMPLE: f64 = 6.0;

    /// The term of a norm.
    pub fn of(norm: Norm) -> Term {
        match norm {
            Norm::L1 => Term::Magnitudes,
            Norm::L2 => Term::Squares,
            Norm::Linf => Term::Largest,
            Norm::Lp(p) => match p.value() {
                0.5 => Term::Roots,
                3.0 => Term::Cubes,
                4.0 => Term::Fourths,
                p => Term::Powers(p),
            },
        }
    }

    /// One element more.
    pub fn add<R: Real>(self, sum: f64, x: R) -> f64 {
        with_kind!(self, kind => kind.add::<Scalar, R>(sum, x))
    }

    /// Two parts of a slice.
    pub fn merge(self, a: f64, b: f64) -> f64 {
        if self == Term::Largest { Largest.merge(a, b) } else { a + b }
    }

    /// The norm whose power a number is.
    #[inline(always)]
    pub fn root(self, power: f64) -> f64 {
        match self {
            Term::Squares => power.sqrt(),
            Term::Magnitudes | Term::Largest => power,
            Term::Roots => power * power,
            Term::Cubes => power.cbrt(),
            Term::Fourths => power.sqrt().sqrt(),
            Term::Powers(p) => power.powf(p.recip()),
        }
    }
}

/// A term as a type, so that loops are compiled for it alone.
pub(super) trait Kind: Copy + Send + Sync {
    /// Whether terms are computed by [`Kind::terms`], block by block, and their magnitudes added then: terms
    /// that take long need no loops of sums of their own.
    const APART: bool = false;

    /// The terms of a block.
    #[inline(always)]
    fn terms<S: Simd, R: Real>(self, _reals: &[R], _terms: &mut [f64]) {}

    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64;

    #[inline(always)]
    fn merge(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// Does something with the type of a term.
macro_rules! with_kind {
    ($term:expr, $kind:ident => $do:expr) => {{
        use $crate::cpu::term::{self, Term};
        match $term {
            Term::Squares => {
                let $kind = term::Squares;
                $do
            }
            Term::Magnitudes => {
                let $kind = term::Magnitudes;
                $do
            }
            Term::Largest => {
                let $kind = term::Largest;
                $do
            }
            term => {
                let $kind = term::Apart(term);
                $do
            }
        }
    }};
}
pub(super) use with_kind;

/// As [`Term::Squares`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares;

impl Kind for Squares {
    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let x: f64 = x.magnitude().into();
        fused::<S>(x, x, sum)
    }
}

/// As [`Term::Magnitudes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Magnitudes;

impl Kind for Magnitudes {
    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let x: f64 = x.magnitude().into();
        sum + x
    }
}

/// As [`Term::Largest`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Largest;

impl Kind for Largest {
    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let x: f64 = x.magnitude().into();
        self.merge(sum, x)
    }

    /// Without a sign the bits of f64 are in the order of magnitudes, infinity above all numbers and NaN
    /// above infinity, so that none is lost.
    #[inline(always)]
    fn merge(self, a: f64, b: f64) -> f64 {
        let (a, b) = (a.to_bits().cast_signed(), b.to_bits().cast_signed());
        f64::from_bits(a.max(b).cast_unsigned())
    }
}

/// Any other term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apart(pub Term);

impl Kind for Apart {
    const APART: bool = true;

    #[inline(always)]
    fn terms<S: Simd, R: Real>(self, reals: &[R], terms: &mut [f64]) {
        macro_rules! each {
            ($x:ident => $term:expr) => {
                for (term, &real) in terms.iter_mut().zip(reals) {
                    let $x: f64 = real.magnitude().into();
                    *term = $term;
                }
            };
        }
        match self.0 {
            Term::Magnitudes | Term::Largest => each!(x => x),
            Term::Squares => each!(x => x * x),
            Term::Roots => each!(x => x.sqrt()),
            Term::Cubes => each!(x => x * x * x),
            Term::Fourths => each!(x => (x * x) * (x * x)),
            Term::Powers(p) if R::DOUBLE => each!(x => x.powf(p)),
            Term::Powers(p) => each!(x => power::<S>(x, p)),
        }
    }

    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let mut term = [0.0];
        self.terms::<S, R>(&[x], &mut term);
        sum + term[0]
    }
}

/// `a · b + c`, fused where that is an instruction: elsewhere it would call a library function for each
/// element. The square of an f32 is exact in f64, so that its bits are the same.
#[inline(always)]
pub(super) fn fused<S: Simd>(a: f64, b: f64, c: f64) -> f64 {
    if TypeId::of::<S>() == TypeId::of::<Scalar>() { a * b + c } else { a.mul_add(b, c) }
}

//! What is accumulated over a slice.

use super::near_power::{NearPower, near_roots};
use super::number::Real;
use super::power::powers;
use super::simd::{Baseline, Simd};
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
        with_kind!(self, kind => kind.add::<Baseline, R>(sum, x))
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

    /// Whether parts are added.
    const ADDS: bool = true;

    /// Whether [`Kind::add_real`] is exact, and f64 needed for none but f64.
    const EXACT: bool = false;

    /// Whether [`Kind::add_real`] puts a few terms of 16 bits together.
    const NARROW: bool = false;

    /// The terms of a block in f32, if that is near enough: else [`Kind::terms`] are.
    #[inline(always)]
    fn near_terms<S: Simd, R: Real>(self, _reals: &[R], _terms: &mut [f32]) -> bool {
        false
    }

    /// Parts a block into the elements of which [`Kind::near_terms`] are to be had and the others, zeros in place of the
    /// rest of each. False if they are of none.
    #[inline(always)]
    fn part<S: Simd, R: Real>(self, _reals: &[R], _near: &mut [R], _others: &mut [R]) -> bool {
        false
    }

    /// The terms of a block.
    #[inline(always)]
    fn terms<S: Simd, R: Real>(self, _reals: &[R], _terms: &mut [f64]) {}

    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64;

    /// As [`Kind::add`], in the precision of elements.
    #[inline(always)]
    fn add_real<S: Simd, R: Real>(self, sum: R, _: R) -> R {
        sum
    }

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
            Term::Cubes => {
                let $kind = term::Cubes;
                $do
            }
            Term::Fourths => {
                let $kind = term::Fourths;
                $do
            }
            term => {
                let $kind = term::Apart::new(term);
                $do
            }
        }
    }};
}
pub(super) use with_kind;

/// Terms of which each is a product of two.
macro_rules! products {
    ($($kind:ident, $x:ident => $a:expr, $b:expr;)*) => {$(
        #[doc = concat!("As [`Term::", stringify!($kind), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $kind;

        impl Kind for $kind {
            #[inline(always)]
            fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
                let $x: f64 = x.into();
                fused::<S>($a, $b, sum)
            }
        }
    )*};
}

/// As [`Term::Squares`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares;

impl Kind for Squares {
    const NARROW: bool = true;

    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let x: f64 = x.into();
        fused::<S>(x, x, sum)
    }

    #[inline(always)]
    fn add_real<S: Simd, R: Real>(self, sum: R, x: R) -> R {
        if S::FUSES { x.fused(x, sum) } else { sum + x.times(x) }
    }
}

products! {
    Cubes, x => x.times(x), x.magnitude();
    Fourths, x => x.times(x), x.times(x);
}

/// As [`Term::Magnitudes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Magnitudes;

impl Kind for Magnitudes {
    const NARROW: bool = true;

    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        // Widened first, as it is loaded.
        let x: f64 = x.into();
        sum + x.abs()
    }

    #[inline(always)]
    fn add_real<S: Simd, R: Real>(self, sum: R, x: R) -> R {
        sum + x.magnitude()
    }
}

/// As [`Term::Largest`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Largest;

impl Kind for Largest {
    const ADDS: bool = false;
    const EXACT: bool = true;

    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        let x: f64 = x.magnitude().into();
        self.merge(sum, x)
    }

    #[inline(always)]
    fn add_real<S: Simd, R: Real>(self, sum: R, x: R) -> R {
        sum.larger(x.magnitude())
    }

    #[inline(always)]
    fn merge(self, a: f64, b: f64) -> f64 {
        a.larger(b)
    }
}

/// The same in f64 throughout.
#[derive(Debug, Clone, Copy)]
pub(super) struct InDouble<K>(pub K);

impl<K: Kind> Kind for InDouble<K> {
    const ADDS: bool = K::ADDS;

    #[inline(always)]
    fn add<S: Simd, R: Real>(self, sum: f64, x: R) -> f64 {
        self.0.add::<S, R>(sum, x)
    }

    #[inline(always)]
    fn merge(self, a: f64, b: f64) -> f64 {
        self.0.merge(a, b)
    }
}

/// Any other term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apart {
    term: Term,
    near: Option<NearPower>,
}

impl Apart {
    pub fn new(term: Term) -> Self {
        let near = if let Term::Powers(p) = term { NearPower::new(p) } else { None };
        Apart { term, near }
    }
}

impl Kind for Apart {
    const APART: bool = true;

    #[inline(always)]
    fn near_terms<S: Simd, R: Real>(self, reals: &[R], terms: &mut [f32]) -> bool {
        match self.term {
            Term::Roots => near_roots(reals, terms),
            _ => self.near.is_some_and(|power| power.terms::<S, R>(reals, terms)),
        }
    }

    #[inline(always)]
    fn part<S: Simd, R: Real>(self, reals: &[R], near: &mut [R], others: &mut [R]) -> bool {
        let Some(power) = self.near.filter(|_| !R::DOUBLE && S::FUSES) else { return false };
        for ((near, other), &x) in near.iter_mut().zip(others).zip(reals) {
            let zero = R::default();
            (*near, *other) = if power.holds(x) { (x, zero) } else { (zero, x) };
        }
        true
    }

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
        match self.term {
            // Of f64: others are near.
            Term::Roots => each!(x => x.sqrt()),
            // What a product loses is in its rounding alone.
            Term::Powers(p) if R::DOUBLE && !S::FUSES => each!(x => x.powf(p)),
            Term::Powers(p) if R::DOUBLE || p > Term::AMPLE => {
                powers::<S, R, false>(reals, p, terms);
            }
            Term::Powers(p) => powers::<S, R, true>(reals, p, terms),
            term => each!(x => term.add(0.0, x)),
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
    if S::FUSES { a.mul_add(b, c) } else { a * b + c }
}

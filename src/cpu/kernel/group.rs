//! Runs of tensors in a group, to which weights may be added.

use super::blocks::rewrite_each;
use super::{SECTOR, streams};
use crate::cpu::number::{Number, Real};
use crate::cpu::outcome::Map;
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// Replaced by one value.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Fill<R>(pub R);

/// Divided by infinity: 0, or NaN of what is not finite.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct OverInfinity;

/// Moved to the nearer bound.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Clamp<R>(pub R, pub R);

/// Multiplied by one factor and then by another, whose product is beyond the reals.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Twice<R>(pub R, pub R);

/// Kept: with weights added it is written all the same.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Same;

impl<R: Real> Map<R> for Fill<R> {
    #[inline(always)]
    fn of(self, _: R) -> R {
        self.0
    }
}

impl<R: Real> Map<R> for OverInfinity {
    #[inline(always)]
    fn of(self, x: R) -> R {
        R::real_of(if x.into().is_finite() { 0.0 } else { f64::NAN })
    }
}

impl<R: Real> Map<R> for Clamp<R> {
    #[inline(always)]
    fn of(self, x: R) -> R {
        let x = if x < self.0 { self.0 } else { x };
        if x > self.1 { self.1 } else { x }
    }
}

impl<R: Real> Map<R> for Twice<R> {
    #[inline(always)]
    fn of(self, x: R) -> R {
        x.times(self.0).times(self.1)
    }
}

impl<R: Real> Map<R> for Same {
    #[inline(always)]
    fn of(self, x: R) -> R {
        x
    }
}

/// Weights that are added to a run at a rate.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Addend<'a, T: Number> {
    pub weights: &'a [T],
    pub stride: usize,
    pub rate: T::Real,
}

impl<T: Number> Addend<'_, T> {
    /// Those after the first `count`.
    pub fn skip(self, count: usize) -> Self {
        Addend { weights: &self.weights[count * self.stride..], ..self }
    }

    /// `g + λ·w`, rounded once to what is computed with. Without the instruction a fused form would call
    /// a library function for each element; of f32 the detour over f64 differs from it only where that
    /// rounds to a tie.
    #[inline(always)]
    fn to<S: Simd>(&self, g: T, w: T) -> T::Real {
        let (g, w) = (g.real(), w.real());
        if !S::FUSES && !T::Real::DOUBLE {
            T::real_of(w.into() * self.rate.into() + g.into())
        } else {
            w.fused(self.rate, g)
        }
    }
}

/// Rewrites `size` elements, `stride` apart, with weights added first if there are any.
pub(in crate::cpu) fn rewrite_with<T: Number, M: Map<T::Real>>(
    data: &mut [T],
    stride: usize,
    size: usize,
    addend: Option<Addend<'_, T>>,
    map: M,
    cut: bool,
) {
    struct Op<'a, T: Number, M> {
        data: &'a mut [T],
        stride: usize,
        size: usize,
        addend: Option<Addend<'a, T>>,
        map: M,
        cut: bool,
    }
    impl<T: Number, M: Map<T::Real>> WithSimd for Op<'_, T, M> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { data, stride, size, addend, map, cut } = self;
            let of = |real: T::Real| T::rounded(map.of(real), cut);
            match addend {
                // 16 bits are rounded in blocks that are longer than a sector.
                None if stride == 1 && size_of::<T>() == 2 => {
                    rewrite_each(simd, &mut data[..size], map, cut);
                }
                None if stride == 1 => {
                    for group in streams(&mut data[..size], SECTOR, size.div_ceil(SECTOR)) {
                        for piece in group {
                            rewrite_each(simd, piece, map, cut);
                        }
                    }
                }
                None => {
                    data.iter_mut().step_by(stride).take(size).for_each(|x| *x = of(x.real()));
                }
                Some(addend) if stride == 1 && addend.stride == 1 => {
                    for (x, &w) in data[..size].iter_mut().zip(&addend.weights[..size]) {
                        *x = of(addend.to::<S>(*x, w));
                    }
                }
                Some(addend) => {
                    let elements = data.iter_mut().step_by(stride).take(size);
                    for (x, &w) in elements.zip(addend.weights.iter().step_by(addend.stride)) {
                        *x = of(addend.to::<S>(*x, w));
                    }
                }
            }
        }
    }
    dispatch(Op { data, stride, size, addend, map, cut });
}

/// Copies elements that lie `stride` apart, with weights added if there are any.
pub(in crate::cpu) fn gather<T: Number>(
    data: &[T],
    stride: usize,
    addend: Option<Addend<'_, T>>,
    target: &mut [T::Real],
) {
    struct Op<'a, T: Number> {
        data: &'a [T],
        stride: usize,
        addend: Option<Addend<'a, T>>,
        target: &'a mut [T::Real],
    }
    impl<T: Number> WithSimd for Op<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { data, stride, addend, target } = self;
            match addend {
                None => {
                    let elements = target.iter_mut().zip(data.iter().step_by(stride));
                    elements.for_each(|(y, x)| *y = x.real());
                }
                Some(addend) if stride == 1 && addend.stride == 1 => {
                    for ((y, &g), &w) in target.iter_mut().zip(data).zip(addend.weights) {
                        *y = addend.to::<S>(g, w);
                    }
                }
                Some(addend) => {
                    let weights = addend.weights.iter().step_by(addend.stride);
                    let pairs = data.iter().step_by(stride).zip(weights);
                    for (y, (&g, &w)) in target.iter_mut().zip(pairs) {
                        *y = addend.to::<S>(g, w);
                    }
                }
            }
        }
    }
    dispatch(Op { data, stride, addend, target });
}

/// Clamps `size` elements, `stride` apart, to bounds that are elements or infinite. What is inside is
/// selected, and a NaN keeps its bits. Lines of cache in which nothing changes are not written.
pub(in crate::cpu) fn clamp<T: Number>(
    data: &mut [T],
    stride: usize,
    size: usize,
    bounds: [T::Real; 2],
) {
    struct Op<'a, T: Number> {
        data: &'a mut [T],
        stride: usize,
        size: usize,
        bounds: [T::Real; 2],
    }
    impl<T: Number> WithSimd for Op<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { data, stride, size, bounds: [low, high] } = self;
            let [least, most] = [low, high].map(T::nearest);
            let outside = |x: &T| (x.real() < low) | (x.real() > high);
            let move_in = |x: &mut T| {
                let y = if x.real() < low { least } else { *x };
                *x = if y.real() > high { most } else { y };
            };
            if stride != 1 {
                return data.iter_mut().step_by(stride).take(size).for_each(move_in);
            }
            for group in streams(&mut data[..size], SECTOR, size.div_ceil(SECTOR)) {
                for piece in group {
                    if piece.iter().fold(false, |any, x| any | outside(x)) {
                        piece.iter_mut().for_each(move_in);
                    }
                }
            }
        }
    }
    dispatch(Op { data, stride, size, bounds });
}

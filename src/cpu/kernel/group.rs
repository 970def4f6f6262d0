//! Runs of tensors in a group, to which weights may be added.

use std::any::TypeId;

use pulp::{Arch, Scalar, Simd, WithSimd};

use super::{SECTOR, streams};
use crate::cpu::outcome::Map;

/// Replaced by one value.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Fill(pub f32);

/// Divided by infinity: 0, or NaN of what is not finite.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct OverInfinity;

/// Moved to the nearer bound. NaN is selected, not computed, and keeps its bits.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Clamp(pub f32, pub f32);

/// Kept: with weights added it is written all the same.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Same;

impl Map<f32> for Fill {
    #[inline(always)]
    fn of(self, _: f32) -> f32 {
        self.0
    }
}

impl Map<f32> for OverInfinity {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        if x.is_finite() { 0.0 } else { f32::NAN }
    }
}

impl Map<f32> for Clamp {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        let x = if x < self.0 { self.0 } else { x };
        if x > self.1 { self.1 } else { x }
    }
}

impl Map<f32> for Same {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        x
    }
}

/// Weights that are added to a run at a rate.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Addend<'a> {
    pub weights: &'a [f32],
    pub stride: usize,
    pub rate: f32,
}

impl Addend<'_> {
    /// Those after the first `count`.
    pub fn skip(self, count: usize) -> Self {
        Addend { weights: &self.weights[count * self.stride..], ..self }
    }
}

/// `g + λ·w`, rounded once. Without the instruction a fused form would call a library function for
/// each element; the detour over f64 differs from it only where that rounds to a tie.
#[inline(always)]
fn decayed<S: Simd>(g: f32, w: f32, rate: f32) -> f32 {
    if TypeId::of::<S>() == TypeId::of::<Scalar>() {
        (f64::from(w) * f64::from(rate) + f64::from(g)) as f32
    } else {
        w.mul_add(rate, g)
    }
}

/// Rewrites `size` elements, `stride` apart, with weights added first if there are any.
pub(in crate::cpu) fn rewrite_with<M: Map<f32>>(
    data: &mut [f32],
    stride: usize,
    size: usize,
    addend: Option<Addend<'_>>,
    map: M,
) {
    struct Op<'a, M> {
        data: &'a mut [f32],
        stride: usize,
        size: usize,
        addend: Option<Addend<'a>>,
        map: M,
    }
    impl<M: Map<f32>> WithSimd for Op<'_, M> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { data, stride, size, addend, map } = self;
            match addend {
                None if stride == 1 => {
                    for group in streams(&mut data[..size], SECTOR, size.div_ceil(SECTOR)) {
                        for piece in group {
                            piece.iter_mut().for_each(|x| *x = map.of(*x));
                        }
                    }
                }
                None => {
                    data.iter_mut().step_by(stride).take(size).for_each(|x| *x = map.of(*x));
                }
                Some(Addend { weights, stride: 1, rate }) if stride == 1 => {
                    for (x, &w) in data[..size].iter_mut().zip(&weights[..size]) {
                        *x = map.of(decayed::<S>(*x, w, rate));
                    }
                }
                Some(Addend { weights, stride: apart, rate }) => {
                    let elements = data.iter_mut().step_by(stride).take(size);
                    for (x, &w) in elements.zip(weights.iter().step_by(apart)) {
                        *x = map.of(decayed::<S>(*x, w, rate));
                    }
                }
            }
        }
    }
    Arch::new().dispatch(Op { data, stride, size, addend, map });
}

/// Copies elements that lie `stride` apart, with weights added if there are any.
pub(in crate::cpu) fn gather(
    data: &[f32],
    stride: usize,
    addend: Option<Addend<'_>>,
    target: &mut [f32],
) {
    struct Op<'a> {
        data: &'a [f32],
        stride: usize,
        addend: Option<Addend<'a>>,
        target: &'a mut [f32],
    }
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { data, stride, addend, target } = self;
            match addend {
                None => {
                    target.iter_mut().zip(data.iter().step_by(stride)).for_each(|(y, &x)| *y = x);
                }
                Some(Addend { weights, stride: 1, rate }) if stride == 1 => {
                    for ((y, &g), &w) in target.iter_mut().zip(data).zip(weights) {
                        *y = decayed::<S>(g, w, rate);
                    }
                }
                Some(Addend { weights, stride: apart, rate }) => {
                    let pairs = data.iter().step_by(stride).zip(weights.iter().step_by(apart));
                    for (y, (&g, &w)) in target.iter_mut().zip(pairs) {
                        *y = decayed::<S>(g, w, rate);
                    }
                }
            }
        }
    }
    Arch::new().dispatch(Op { data, stride, addend, target });
}

/// Clamps a contiguous run. Lines of cache in which nothing changes are not written.
pub(in crate::cpu) fn clamp(run: &mut [f32], map: Clamp) {
    struct Op<'a>(&'a mut [f32], Clamp);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op(run, map) = self;
            for group in streams(run, SECTOR, run.len().div_ceil(SECTOR)) {
                for piece in group {
                    let outside = |x: &f32| (*x < map.0) | (*x > map.1);
                    if piece.iter().fold(false, |any, x| any | outside(x)) {
                        piece.iter_mut().for_each(|x| *x = map.of(*x));
                    }
                }
            }
        }
    }
    Arch::new().dispatch(Op(run, map));
}

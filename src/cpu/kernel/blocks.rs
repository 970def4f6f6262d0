//! Runs of elements as runs of reals: themselves, or widened block by block.

use std::any::TypeId;

use crate::cpu::number::Number;
use crate::cpu::outcome::Map;
use crate::cpu::simd::{LANES, Simd, WithSimd, dispatch};

/// Elements that are widened at a time: eight blocks stay in the first cache.
pub(in crate::cpu) const BLOCK: usize = 256;

/// The run itself, where elements are reals.
#[inline(always)]
pub(super) fn own_reals<T: Number>(run: &[T]) -> Option<&[T::Real]> {
    (TypeId::of::<T>() == TypeId::of::<T::Real>()).then(|| bytemuck::cast_slice(run))
}

/// As [`own_reals`], to be written.
#[inline(always)]
pub(super) fn own_reals_mut<T: Number>(run: &mut [T]) -> Option<&mut [T::Real]> {
    (TypeId::of::<T>() == TypeId::of::<T::Real>()).then(|| bytemuck::cast_slice_mut(run))
}

/// The elements of a run as reals: themselves, or in `room`.
pub(in crate::cpu) fn reals<'a, T: Number>(
    run: &'a [T],
    room: &'a mut Vec<T::Real>,
) -> &'a [T::Real] {
    match own_reals(run) {
        Some(reals) => reals,
        None => {
            room.resize(run.len(), T::Real::default());
            widen(run, room);
            room
        }
    }
}

/// A run as reals.
pub(in crate::cpu) fn widen<T: Number>(run: &[T], reals: &mut [T::Real]) {
    struct Op<'a, T: Number>(&'a [T], &'a mut [T::Real]);
    impl<T: Number> WithSimd for Op<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            T::widen(simd, self.0, self.1);
        }
    }
    dispatch(Op(run, reals));
}

/// A run of reals, each as by [`Number::nearest`].
#[cfg(test)]
pub(in crate::cpu) fn round<T: Number>(reals: &[T::Real], run: &mut [T]) {
    struct Op<'a, T: Number>(&'a [T::Real], &'a mut [T]);
    impl<T: Number> WithSimd for Op<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (steps, last) = self.1.as_chunks_mut();
            let (reals, tail) = self.0.as_chunks();
            steps.iter_mut().zip(reals).for_each(|(y, &x)| *y = T::nearest_lanes(simd, x));
            last.iter_mut().zip(tail).for_each(|(y, &x)| *y = T::nearest(x));
        }
    }
    dispatch(Op(reals, run));
}

/// Rewrites a run, inside a dispatched loop.
#[inline(always)]
pub(in crate::cpu) fn rewrite_each<S: Simd, T: Number, M: Map<T::Real>>(
    simd: S,
    run: &mut [T],
    map: M,
    cut: bool,
) {
    if let Some(reals) = own_reals_mut(run) {
        return reals.iter_mut().for_each(|x| *x = map.of(*x));
    }
    if !cut {
        let rest = T::map_groups(simd, run, map);
        return rest.iter_mut().for_each(|x| *x = T::nearest(map.of(x.real())));
    }
    let (steps, last) = run.as_chunks_mut::<LANES>();
    for step in steps {
        let reals = T::lanes(simd, step);
        for (y, real) in step.iter_mut().zip(reals) {
            *y = T::rounded(map.of(real), true);
        }
    }
    last.iter_mut().for_each(|x| *x = T::rounded(map.of(x.real()), true));
}

/// As [`rewrite_each`], dispatched.
#[cfg(test)]
pub(in crate::cpu) fn map<T: Number, M: Map<T::Real>>(run: &mut [T], map: M) {
    struct Op<'a, T, M>(&'a mut [T], M);
    impl<T: Number, M: Map<T::Real>> WithSimd for Op<'_, T, M> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            rewrite_each(simd, self.0, self.1, false);
        }
    }
    dispatch(Op(run, map));
}

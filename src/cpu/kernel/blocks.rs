//! Runs of elements as runs of reals: themselves, or widened block by block.

use std::any::TypeId;

use crate::cpu::number::Number;
use crate::cpu::outcome::Map;

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
            T::widen(run, room);
            room
        }
    }
}

/// To nearest even, or cut off toward zero.
#[inline(always)]
pub(super) fn round<T: Number>(reals: &[T::Real], run: &mut [T], cut: bool) {
    match cut {
        true => run.iter_mut().zip(reals).for_each(|(y, &real)| *y = T::rounded(real, true)),
        false => T::round(reals, run),
    }
}

/// Rewrites a run, inside a dispatched loop.
#[inline(always)]
pub(in crate::cpu) fn rewrite_each<T: Number, M: Map<T::Real>>(run: &mut [T], map: M, cut: bool) {
    if let Some(reals) = own_reals_mut(run) {
        return reals.iter_mut().for_each(|x| *x = map.of(*x));
    }
    let mut block = [T::Real::default(); BLOCK];
    for piece in run.chunks_mut(BLOCK) {
        let block = &mut block[..piece.len()];
        T::widen(piece, block);
        block.iter_mut().for_each(|x| *x = map.of(*x));
        round(block, piece, cut);
    }
}

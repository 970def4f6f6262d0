//! A copy of weights in 16 bits, written while they are in a cache.

use half::{bf16, f16};

use super::Beside;
use crate::cpu::number::Number;
use crate::cpu::simd::{LANES, Simd, WithSimd, dispatch};
use crate::cpu::tile::{Line, Tile};
use crate::dtype::DType;
use crate::host::HostMemory;

/// The memory of a copy, with the strides of the weights.
#[derive(Debug, Default)]
pub(in crate::cpu) enum Narrowed<'a> {
    #[default]
    None,
    Half(&'a mut [f16]),
    Brain(&'a mut [bf16]),
}

impl<'a> Narrowed<'a> {
    /// Of a copy of that dtype.
    pub fn new(memory: &'a mut HostMemory, beside: &Beside, dtype: DType) -> Self {
        match dtype {
            DType::F16 => Narrowed::Half(&mut memory.of_mut()[beside.offset..]),
            DType::BF16 => Narrowed::Brain(&mut memory.of_mut()[beside.offset..]),
            DType::F32 | DType::F64 => Narrowed::None,
        }
    }

    /// The same for a while.
    pub fn again(&mut self) -> Narrowed<'_> {
        match self {
            Narrowed::None => Narrowed::None,
            Narrowed::Half(copy) => Narrowed::Half(copy),
            Narrowed::Brain(copy) => Narrowed::Brain(copy),
        }
    }

    /// The memory of the two halves of the outermost axis.
    pub fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let place = middle * outer.target;
        match self {
            Narrowed::None => (Narrowed::None, Narrowed::None),
            Narrowed::Half(copy) => {
                let (first, second) = copy.split_at_mut(place);
                (Narrowed::Half(first), Narrowed::Half(second))
            }
            Narrowed::Brain(copy) => {
                let (first, second) = copy.split_at_mut(place);
                (Narrowed::Brain(first), Narrowed::Brain(second))
            }
        }
    }

    /// Rounds every weight of a tile to nearest, by all threads if it is large.
    pub fn write<T: Number>(self, weights: &[T], tile: Tile) {
        match self {
            Narrowed::None => {}
            Narrowed::Half(copy) => write(copy, weights, tile),
            Narrowed::Brain(copy) => write(copy, weights, tile),
        }
    }
}

fn write<H: Number<Real = f32>, T: Number>(copy: &mut [H], weights: &[T], tile: Tile) {
    if let Some((left, right, outer, middle)) = tile.halves()
        && tile.is_large()
    {
        let place = middle * outer.target;
        let (first, second) = copy.split_at_mut(place);
        rayon::join(|| write(first, weights, left), || write(second, &weights[place..], right));
        return;
    }
    walk(copy, weights, tile.axes());
}

fn walk<H: Number<Real = f32>, T: Number>(copy: &mut [H], weights: &[T], axes: &[Line]) {
    match axes {
        [] => narrow(copy, weights, 1),
        [run] if run.target == 1 => narrow(copy, weights, run.size),
        [rows, run] if run.target == 1 && rows.target == run.size => {
            narrow(copy, weights, rows.size * run.size);
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                let place = i * outer.target;
                walk(&mut copy[place..], &weights[place..], rest);
            }
        }
    }
}

/// Rounds a run.
fn narrow<H: Number<Real = f32>, T: Number>(copy: &mut [H], weights: &[T], length: usize) {
    struct Op<'a, H, T>(&'a mut [H], &'a [T]);
    impl<H: Number<Real = f32>, T: Number> WithSimd for Op<'_, H, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (copy, last) = self.0.as_chunks_mut::<LANES>();
            let (weights, tail) = self.1.as_chunks::<LANES>();
            // Not closures: one that is not inlined would be compiled for the baseline.
            for (y, x) in copy.iter_mut().zip(weights) {
                let mut reals = [0.0; LANES];
                for (real, &x) in reals.iter_mut().zip(x) {
                    *real = single::<T>(x);
                }
                *y = H::nearest_lanes(simd, reals);
            }
            for (y, &x) in last.iter_mut().zip(tail) {
                *y = H::nearest(single::<T>(x));
            }
        }
    }
    dispatch(Op(&mut copy[..length], &weights[..length]));
}

/// A weight, which is of f32. A NaN becomes one that bf16 has: rounding the lowest bits of another would carry it out
/// of its exponent, to a zero.
#[inline(always)]
fn single<T: Number>(weight: T) -> f32 {
    let x = f32::real_of(weight.wide());
    if x.is_nan() { f32::NAN } else { x }
}

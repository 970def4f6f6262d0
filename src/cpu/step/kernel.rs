//! The loop over contiguous weights.

use super::memory::Weights;
use crate::cpu::kernel::SECTOR;
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{LANES, Simd, WithSimd, dispatch};
use crate::update;

/// [`update::Coefficients`] in the precision of elements.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Coefficients<R> {
    scale: R,
    decay: R,
    keep: R,
    rate: R,
    first: R,
    first_gradient: R,
    pull: R,
    push: R,
    second: R,
    second_gradient: R,
    root: R,
    epsilon: R,
    decays: bool,
    pushes: bool,
}

impl<R: Real> Coefficients<R> {
    pub fn new(coefficients: &update::Coefficients) -> Self {
        let update::Coefficients { scale, decay, keep, rate, epsilon, .. } = *coefficients;
        let update::Coefficients { first, first_gradient, pull, push, .. } = *coefficients;
        let update::Coefficients { second, second_gradient, root, .. } = *coefficients;
        let of = R::real_of;
        Coefficients {
            scale: of(scale),
            decay: of(decay),
            keep: of(keep),
            rate: of(rate),
            first: of(first),
            first_gradient: of(first_gradient),
            pull: of(pull),
            push: of(push),
            second: of(second),
            second_gradient: of(second_gradient),
            root: of(root),
            epsilon: of(epsilon),
            decays: decay != 0.0,
            pushes: push != 0.0,
        }
    }

    /// Weights and what is remembered of them, one step later. Loops over lanes, one after the other: of one over all that
    /// becomes of a lane the compiler makes vectors of unlike numbers, and shuffles them.
    #[inline(always)]
    fn step<const MEMORIES: usize, const LANES: usize>(
        &self,
        [w, g, v, s]: [[R; LANES]; 4],
    ) -> [[R; LANES]; 3] {
        let g = scaled(g, self.scale);
        // Without a decay not even a product with zero: it would make a NaN of an infinity.
        let g = if self.decays { sum(g, scaled(w, self.decay)) } else { g };
        let kept = scaled(w, self.keep);
        if MEMORIES == 0 {
            return [sum(kept, scaled(g, self.rate)), v, s];
        }
        let v = sum(scaled(v, self.first), scaled(g, self.first_gradient));
        if MEMORIES == 1 {
            let pulled = scaled(v, self.pull);
            let d = if self.pushes { sum(pulled, scaled(g, self.push)) } else { pulled };
            return [sum(kept, scaled(d, self.rate)), v, s];
        }
        let mut squares = g;
        for lane in 0..LANES {
            squares[lane] = g[lane].times(g[lane]);
        }
        let s = sum(scaled(s, self.second), scaled(squares, self.second_gradient));
        let mut d = v;
        for lane in 0..LANES {
            d[lane] = v[lane].over(s[lane].root().times(self.root) + self.epsilon);
        }
        [sum(kept, scaled(d, self.rate)), v, s]
    }
}

#[inline(always)]
fn scaled<R: Real, const LANES: usize>(mut x: [R; LANES], factor: R) -> [R; LANES] {
    for x in &mut x {
        *x = x.times(factor);
    }
    x
}

#[inline(always)]
fn sum<R: Real, const LANES: usize>(mut x: [R; LANES], y: [R; LANES]) -> [R; LANES] {
    for lane in 0..LANES {
        x[lane] = x[lane] + y[lane];
    }
    x
}

/// Updates a run of weights.
pub(super) fn update<T: Number>(
    run: Weights<'_, T>,
    length: usize,
    numbers: &Coefficients<T::Real>,
) {
    struct Op<'a, T: Number, const MEMORIES: usize>(
        Weights<'a, T>,
        usize,
        &'a Coefficients<T::Real>,
    );
    impl<T: Number, const MEMORIES: usize> WithSimd for Op<'_, T, MEMORIES> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op(mut run, length, numbers) = self;
            // As many whole sectors for each stream; the rest is one run.
            let each = if length < LONG { 0 } else { length / (STREAMS * SECTOR) * SECTOR };
            for first in (0..each).step_by(SECTOR) {
                for stream in 0..STREAMS {
                    let place = stream * each + staggered(stream, first, each);
                    piece::<S, T, MEMORIES>(simd, run.at(place), SECTOR, numbers);
                }
            }
            let done = STREAMS * each;
            piece::<S, T, MEMORIES>(simd, run.at(done), length - done, numbers);
        }
    }
    match run.memories() {
        0 => dispatch(Op::<T, 0>(run, length, numbers)),
        1 => dispatch(Op::<T, 1>(run, length, numbers)),
        _ => dispatch(Op::<T, 2>(run, length, numbers)),
    }
}

/// Where a stream of `length` elements, whole sectors, is when the first of all is at `first`. Streams that begin whole
/// pages apart would meet in the same sets of the first cache, and loads would wait for stores to like addresses.
#[inline(always)]
fn staggered(stream: usize, first: usize, length: usize) -> usize {
    let apart = STAGGER.min(length / STREAMS / SECTOR * SECTOR);
    let place = first + stream * apart;
    if place < length { place } else { place - length }
}

/// A longer run is read as several streams.
const LONG: usize = 1 << 13;
/// Each of so many tensors. 16384 rows of 4096 f32 take 35, 23.6, 22.4 and 24.9 ms with 1, 2, 4 and 8 (gradient descent, Xeon,
/// 2 threads).
const STREAMS: usize = 4;
/// Elements by which streams are apart in their runs: not a whole page, and more than a sector.
const STAGGER: usize = 320;

/// Loops, not iterators with closures: one that is not inlined would be compiled for the baseline.
#[inline(always)]
fn piece<S: Simd, T: Number, const MEMORIES: usize>(
    simd: S,
    run: Weights<'_, T>,
    length: usize,
    numbers: &Coefficients<T::Real>,
) {
    let Weights { weights, gradient, first, second } = run;
    let numbers = *numbers;
    let zero = T::Real::default();
    let (weights, last) = weights[..length].as_chunks_mut::<LANES>();
    let (gradient, last_gradient) = gradient[..length].as_chunks::<LANES>();
    let (first, last_first) =
        first[..if MEMORIES > 0 { length } else { 0 }].as_chunks_mut::<LANES>();
    let (second, last_second) =
        second[..if MEMORIES > 1 { length } else { 0 }].as_chunks_mut::<LANES>();
    for (i, (w, g)) in weights.iter_mut().zip(gradient).enumerate() {
        let (x, g) = (T::lanes(simd, w), T::lanes(simd, g));
        let v = if MEMORIES > 0 { T::lanes(simd, &first[i]) } else { [zero; LANES] };
        let s = if MEMORIES > 1 { T::lanes(simd, &second[i]) } else { [zero; LANES] };
        let [x, v, s] = numbers.step::<MEMORIES, LANES>([x, g, v, s]);
        *w = T::nearest_lanes(simd, x);
        if MEMORIES > 0 {
            first[i] = T::nearest_lanes(simd, v);
        }
        if MEMORIES > 1 {
            second[i] = T::nearest_lanes(simd, s);
        }
    }
    for (i, (w, g)) in last.iter_mut().zip(last_gradient).enumerate() {
        let v = if MEMORIES > 0 { last_first[i].real() } else { zero };
        let s = if MEMORIES > 1 { last_second[i].real() } else { zero };
        let [[x], [v], [s]] = numbers.step::<MEMORIES, 1>([[w.real()], [g.real()], [v], [s]]);
        *w = T::nearest(x);
        if MEMORIES > 0 {
            last_first[i] = T::nearest(v);
        }
        if MEMORIES > 1 {
            last_second[i] = T::nearest(s);
        }
    }
}

//! The loop over contiguous weights.

use super::memory::Weights;
use crate::cpu::kernel::SECTOR;
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{LANES, Simd, WithSimd, dispatch};
use crate::cpu::term::{Kind, Squares};
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

    /// A weight and what is remembered of it, one step later.
    #[inline(always)]
    fn step<const MEMORIES: usize>(&self, w: R, g: R, v: R, s: R) -> [R; 3] {
        let scaled = g.times(self.scale);
        // Without a decay not even a product with zero: it would make a NaN of an infinity.
        let g = if self.decays { scaled + w.times(self.decay) } else { scaled };
        let kept = w.times(self.keep);
        if MEMORIES == 0 {
            return [kept + g.times(self.rate), v, s];
        }
        let v = v.times(self.first) + g.times(self.first_gradient);
        if MEMORIES == 1 {
            let pulled = v.times(self.pull);
            let d = if self.pushes { pulled + g.times(self.push) } else { pulled };
            return [kept + d.times(self.rate), v, s];
        }
        let s = s.times(self.second) + g.times(g).times(self.second_gradient);
        let d = v.over(s.root().times(self.root) + self.epsilon);
        [kept + d.times(self.rate), v, s]
    }
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
            let mut first = 0;
            while first < each {
                for stream in 0..STREAMS {
                    let place = stream * each + first;
                    piece::<S, T, MEMORIES, false>(simd, run.at(place), SECTOR, numbers);
                }
                first += SECTOR;
            }
            let done = STREAMS * each;
            piece::<S, T, MEMORIES, false>(simd, run.at(done), length - done, numbers);
        }
    }
    match run.memories() {
        0 => dispatch(Op::<T, 0>(run, length, numbers)),
        1 => dispatch(Op::<T, 1>(run, length, numbers)),
        _ => dispatch(Op::<T, 2>(run, length, numbers)),
    }
}

/// Updates rows that begin at these places, whose number is a multiple of [`STREAMS`], and sums the squares of what they
/// become: what would be read again for that is in registers.
pub(in crate::cpu) fn update_rows<T: Number>(
    run: Weights<'_, T>,
    places: &[usize],
    length: usize,
    numbers: &Coefficients<T::Real>,
    sums: &mut Vec<f64>,
) {
    struct Op<'a, T: Number, const MEMORIES: usize> {
        run: Weights<'a, T>,
        places: &'a [usize],
        length: usize,
        numbers: &'a Coefficients<T::Real>,
        sums: &'a mut Vec<f64>,
    }
    impl<T: Number, const MEMORIES: usize> WithSimd for Op<'_, T, MEMORIES> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { mut run, places, length, numbers, sums } = self;
            for group in places.as_chunks::<STREAMS>().0 {
                let mut lanes = [[0.0; LANES]; STREAMS];
                let mut first = 0;
                while first < length {
                    let size = if length - first < SECTOR { length - first } else { SECTOR };
                    for (lanes, &place) in lanes.iter_mut().zip(group) {
                        let part = run.at(place + first);
                        let more = piece::<S, T, MEMORIES, true>(simd, part, size, numbers);
                        for lane in 0..LANES {
                            lanes[lane] += more[lane];
                        }
                    }
                    first += SECTOR;
                }
                for [a, b, c, d, e, f, g, h] in lanes {
                    sums.push(((a + e) + (c + g)) + ((b + f) + (d + h)));
                }
            }
        }
    }
    match run.memories() {
        0 => dispatch(Op::<T, 0> { run, places, length, numbers, sums }),
        1 => dispatch(Op::<T, 1> { run, places, length, numbers, sums }),
        _ => dispatch(Op::<T, 2> { run, places, length, numbers, sums }),
    }
}

/// A longer run is read as several streams.
const LONG: usize = 1 << 13;
/// Each of so many tensors. 16384 rows of 4096 f32 take 35, 23.6, 22.4 and 24.9 ms with 1, 2, 4 and 8 (gradient descent, Xeon,
/// 2 threads).
pub(in crate::cpu) const STREAMS: usize = 4;

#[inline(always)]
fn piece<S: Simd, T: Number, const MEMORIES: usize, const SUMS: bool>(
    simd: S,
    run: Weights<'_, T>,
    length: usize,
    numbers: &Coefficients<T::Real>,
) -> [f64; LANES] {
    let Weights { weights, gradient, first, second } = run;
    let (weights, gradient) = (&mut weights[..length], &gradient[..length]);
    let first = &mut first[..if MEMORIES > 0 { length } else { 0 }];
    let second = &mut second[..if MEMORIES > 1 { length } else { 0 }];
    each::<S, T, MEMORIES, SUMS>(simd, weights, gradient, first, second, numbers)
}

/// Loops, not iterators with closures: one that is not inlined would be compiled for the baseline. The sums of squares of
/// what weights become, if they are asked for.
#[inline(always)]
fn each<S: Simd, T: Number, const MEMORIES: usize, const SUMS: bool>(
    simd: S,
    weights: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    numbers: &Coefficients<T::Real>,
) -> [f64; LANES] {
    let numbers = *numbers;
    let zero = T::Real::default();
    let mut sums = [0.0; LANES];
    let (weights, last) = weights.as_chunks_mut::<LANES>();
    let (gradient, last_gradient) = gradient.as_chunks::<LANES>();
    let (first, last_first) = first.as_chunks_mut::<LANES>();
    let (second, last_second) = second.as_chunks_mut::<LANES>();
    for (i, (w, g)) in weights.iter_mut().zip(gradient).enumerate() {
        let mut x = T::lanes(simd, w);
        let g = T::lanes(simd, g);
        let (mut v, mut s) = ([zero; LANES], [zero; LANES]);
        if MEMORIES > 0 {
            v = T::lanes(simd, &first[i]);
        }
        if MEMORIES > 1 {
            s = T::lanes(simd, &second[i]);
        }
        for lane in 0..LANES {
            [x[lane], v[lane], s[lane]] =
                numbers.step::<MEMORIES>(x[lane], g[lane], v[lane], s[lane]);
        }
        *w = T::nearest_lanes(simd, x);
        if SUMS {
            // The norm is that of what is stored.
            let stored = T::lanes(simd, w);
            for lane in 0..LANES {
                sums[lane] = Squares.add::<S, _>(sums[lane], stored[lane]);
            }
        }
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
        let [x, v, s] = numbers.step::<MEMORIES>(w.real(), g.real(), v, s);
        *w = T::nearest(x);
        if SUMS {
            sums[0] = Squares.add::<S, _>(sums[0], w.real());
        }
        if MEMORIES > 0 {
            last_first[i] = T::nearest(v);
        }
        if MEMORIES > 1 {
            last_second[i] = T::nearest(s);
        }
    }
    sums
}

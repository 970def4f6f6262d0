//! Products of slices with their direction, and squares of that.

use std::ops::Add;

use super::super::number::{Number, Real};
use super::super::tile::{Line, Tile};

/// Terms of f64 that are added up one after the other; more of them are added in halves.
const CHAIN: usize = 16;
/// Elements of a run that are added up one after the other, in as many sums as [`LANES`].
const RUN: usize = 512;
const LANES: usize = 8;

/// `⟨a, x⟩` and `‖a‖²`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub dot: f64,
    pub squares: f64,
}

impl Sums {
    #[inline(always)]
    fn of<T: Number>(x: T, a: T) -> Self {
        let (x, a) = (x.wide(), a.wide());
        Sums { dot: x * a, squares: a * a }
    }
}

impl Add for Sums {
    type Output = Sums;

    #[inline(always)]
    fn add(self, other: Sums) -> Sums {
        Sums { dot: self.dot + other.dot, squares: self.squares + other.squares }
    }
}

/// Adds the terms of every element to the sums of its slice. The tree of halves depends on the tile
/// alone, so that sums have the same bits in every run.
pub(super) fn add<T: Number>(tile: &Tile, source: &[T], along: &[T], sums: &mut [Sums]) {
    let halves = if tile.is_large() { tile.halves() } else { None };
    let Some((left, right, outer, middle)) = halves else {
        return leaf(tile.axes(), source, along, sums);
    };
    let (rest, later) = (&source[middle * outer.source..], &along[middle * outer.direction..]);
    if outer.is_reduced() {
        let mut partial = vec![Sums::default(); sums.len()];
        rayon::join(|| add(&left, source, along, sums), || add(&right, rest, later, &mut partial));
        merge(sums, &partial);
    } else {
        let (a, b) = sums.split_at_mut(middle * outer.slot);
        rayon::join(|| add(&left, source, along, a), || add(&right, rest, later, b));
    }
}

fn merge(sums: &mut [Sums], partial: &[Sums]) {
    sums.iter_mut().zip(partial).for_each(|(sum, &part)| *sum = *sum + part);
}

/// One thread's part; everything starts at the first element and its slot.
fn leaf<T: Number>(axes: &[Line], source: &[T], along: &[T], sums: &mut [Sums]) {
    match axes {
        [] => sums[0] = sums[0] + Sums::of(source[0], along[0]),
        [run] if run.is_reduced() => sums[0] = sums[0] + self::run(run, source, along),
        [outer, rest @ ..] if T::Real::DOUBLE && outer.is_reduced() && outer.size > CHAIN => {
            let middle = outer.size / 2;
            let half = |size: usize| [&[Line { size, ..*outer }], rest].concat();
            let mut partial = vec![Sums::default(); sums.len()];
            leaf(&half(middle), source, along, sums);
            let (source, along) =
                (&source[middle * outer.source..], &along[middle * outer.direction..]);
            leaf(&half(outer.size - middle), source, along, &mut partial);
            merge(sums, &partial);
        }
        [run] if run.source == 1 && run.direction == 1 => {
            let pairs = source[..run.size].iter().zip(&along[..run.size]);
            sums.iter_mut().zip(pairs).for_each(|(sum, (&x, &a))| *sum = *sum + Sums::of(x, a));
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                let (source, along) = (&source[i * outer.source..], &along[i * outer.direction..]);
                leaf(rest, source, along, &mut sums[i * outer.slot..]);
            }
        }
    }
}

/// The sums of a run that belongs to one slice, halves first.
fn run<T: Number>(run: &Line, source: &[T], along: &[T]) -> Sums {
    if run.size > RUN {
        let middle = (run.size / 2).next_multiple_of(RUN);
        let (first, second) =
            (Line { size: middle, ..*run }, Line { size: run.size - middle, ..*run });
        return self::run(&first, source, along)
            + self::run(&second, &source[middle * run.source..], &along[middle * run.direction..]);
    }
    let mut lanes = [Sums::default(); LANES];
    if run.source == 1 && run.direction == 1 {
        let (source, along) = (&source[..run.size], &along[..run.size]);
        let (x, a) = (source.chunks_exact(LANES), along.chunks_exact(LANES));
        for (i, (&x, &a)) in x.remainder().iter().zip(a.remainder()).enumerate() {
            lanes[i] = Sums::of(x, a);
        }
        for (x, a) in x.zip(a) {
            for i in 0..LANES {
                lanes[i] = lanes[i] + Sums::of(x[i], a[i]);
            }
        }
    } else {
        for i in 0..run.size {
            let term = Sums::of(source[i * run.source], along[i * run.direction]);
            lanes[i % LANES] = lanes[i % LANES] + term;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

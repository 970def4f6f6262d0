//! Slices side by side that are passed over row by row, as memory is read the fastest: to bring them together would
//! take a read and a write of lines of which each is in another page.

use std::ops::Range;

use rayon::prelude::*;

use super::above::Above;
use super::ends::{Close, Ends};
use super::lines::{larger, largest_of, near_lines};
use super::settle::settle_lines;
use super::steps::One;
use crate::cpu::kernel::blocks::own_reals;
use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// Columns of a sweep: whole pages of rows of f32. Of 16384 × 4096 (Xeon, two threads) the passes of the search took
/// 59 ms with 256 columns, 50 with 1024, 45 with 2048, of which few tensors have several for threads to share.
pub(in crate::cpu) const SWEPT: usize = LINES * LINE;
const LINES: usize = 64;

/// Rows of which a line is looked at together, while what is summed of it is in registers. With 32 of them the passes
/// took 58 ms instead of 50; of 2048 columns 47 with 8 and 45 with 16.
const TOGETHER: usize = 16;

/// Parts of the rows, which threads share. Sums are put together in their order, whoever was free.
const PARTS: usize = 8;

/// Columns of rows wherever they are, each of which has [`SWEPT`] elements or more.
pub(super) struct Sweep<'o, 'a, T> {
    pub row: &'o (dyn Fn(usize) -> &'a [T] + Sync),
    pub rows: usize,
    pub magnitudes: bool,
}

/// What is done with lines of the same columns, some rows at a time.
trait Pass<R: Real>: Sync {
    type Sums: Send;

    fn begin(&self) -> Self::Sums;

    fn add<S: Simd, const MAGNITUDES: bool>(
        &self,
        simd: S,
        sums: &mut Self::Sums,
        line: usize,
        rows: &[[R; LINE]],
    );
}

impl<T: Number> Sweep<'_, '_, T> {
    /// What a pass over every so many rows sums, part by part.
    fn parts<P: Pass<T::Real>>(&self, apart: usize, pass: &P) -> Vec<P::Sums> {
        let rows = self.rows.div_ceil(apart);
        let part = |i: usize| i * rows / PARTS..(i + 1) * rows / PARTS;
        let sums = |i| match self.magnitudes {
            true => dispatch(Part::<T, P, true> { sweep: self, pass, apart, range: part(i) }),
            false => dispatch(Part::<T, P, false> { sweep: self, pass, apart, range: part(i) }),
        };
        (0..PARTS).into_par_iter().map(sums).collect()
    }

    /// The largest of each column of a sample: a number from which others can be told apart, as from the largest
    /// of all.
    pub fn reference(&self, apart: usize) -> Vec<f64> {
        let mut all = Largest.begin();
        for part in self.parts(apart, &Largest) {
            all.iter_mut().zip(part).for_each(|(all, part)| *all = larger([*all, part]));
        }
        all.as_flattened().iter().map(|&most| most.into()).collect()
    }

    /// In the precision of elements, of every so many rows.
    pub fn near(&self, slices: &[One], apart: usize) -> Vec<Above> {
        let mut above = vec![Above::default(); SWEPT];
        for part in self.parts(apart, &Near(by_lines(slices))) {
            for (above, [totals, counts]) in above.as_chunks_mut::<LINE>().0.iter_mut().zip(part) {
                for (above, (total, count)) in above.iter_mut().zip(totals.into_iter().zip(counts))
                {
                    above.total += total.into();
                    above.count += count.into();
                }
            }
        }
        above
    }

    /// Each element in its own precision, their sum in f64, and what is close.
    pub fn settle(&self, slices: &[One]) -> (Vec<Above>, Vec<Close>) {
        let (mut above, mut close) = (vec![Above::NONE; SWEPT], Vec::new());
        for (part, own) in self.parts(1, &Settle(by_lines(slices))) {
            let above = above.iter_mut().zip(part.as_flattened());
            above.for_each(|(above, &part)| *above = above.merge(part));
            close.extend(own);
        }
        (above, close)
    }
}

/// Some of the rows.
struct Part<'o, 'a, T, P, const MAGNITUDES: bool> {
    sweep: &'o Sweep<'o, 'a, T>,
    pass: &'o P,
    apart: usize,
    range: Range<usize>,
}

impl<T: Number, P: Pass<T::Real>, const MAGNITUDES: bool> WithSimd
    for Part<'_, '_, T, P, MAGNITUDES>
{
    type Output = P::Sums;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> P::Sums {
        let mut sums = self.pass.begin();
        let mut lines = [[T::Real::default(); LINE]; TOGETHER];
        let mut group: [&[T]; TOGETHER] = [&[]; TOGETHER];
        for first in self.range.clone().step_by(TOGETHER) {
            let count = (self.range.end - first).min(TOGETHER);
            for (i, run) in group[..count].iter_mut().enumerate() {
                *run = &(self.sweep.row)((first + i) * self.apart)[..SWEPT];
            }
            for line in 0..LINES {
                for (reals, run) in lines.iter_mut().zip(&group[..count]) {
                    let run = &run[line * LINE..][..LINE];
                    match own_reals(run) {
                        Some(own) => reals.copy_from_slice(own),
                        None => T::widen(simd, run, reals),
                    }
                }
                self.pass.add::<S, MAGNITUDES>(simd, &mut sums, line, &lines[..count]);
            }
        }
        sums
    }
}

struct Largest;

impl<R: Real> Pass<R> for Largest {
    type Sums = Vec<[R; LINE]>;

    fn begin(&self) -> Self::Sums {
        vec![[R::real_of(f64::NEG_INFINITY); LINE]; LINES]
    }

    #[inline(always)]
    fn add<S: Simd, const MAGNITUDES: bool>(
        &self,
        _: S,
        sums: &mut Self::Sums,
        line: usize,
        rows: &[[R; LINE]],
    ) {
        sums[line] = larger([sums[line], largest_of::<R, MAGNITUDES>(rows)]);
    }
}

/// As [`Sweep::near`].
struct Near<R>(Vec<Ends<R, LINE>>);

impl<R: Real> Pass<R> for Near<R> {
    type Sums = Vec<[[R; LINE]; 2]>;

    fn begin(&self) -> Self::Sums {
        vec![[[R::default(); LINE]; 2]; LINES]
    }

    #[inline(always)]
    fn add<S: Simd, const MAGNITUDES: bool>(
        &self,
        simd: S,
        sums: &mut Self::Sums,
        line: usize,
        rows: &[[R; LINE]],
    ) {
        let found = near_lines::<S, R, MAGNITUDES>(simd, rows, &self.0[line]);
        for (sums, found) in sums[line].iter_mut().zip(&found) {
            sums.iter_mut().zip(found).for_each(|(sum, &found)| *sum = *sum + found);
        }
    }
}

/// As [`Sweep::settle`].
struct Settle<R>(Vec<Ends<R, LINE>>);

impl<R: Real> Pass<R> for Settle<R> {
    type Sums = (Vec<[Above; LINE]>, Vec<Close>);

    fn begin(&self) -> Self::Sums {
        (vec![[Above::NONE; LINE]; LINES], Vec::new())
    }

    #[inline(always)]
    fn add<S: Simd, const MAGNITUDES: bool>(
        &self,
        simd: S,
        sums: &mut Self::Sums,
        line: usize,
        rows: &[[R; LINE]],
    ) {
        let (sums, close) = sums;
        let known = close.len();
        let found = settle_lines::<S, R, MAGNITUDES>(simd, rows, &self.0[line], close);
        let above = sums[line].iter_mut().zip(found);
        above.for_each(|(above, found)| *above = above.merge(found));
        close[known..].iter_mut().for_each(|close| close.slice += (line * LINE) as u32);
    }
}

/// By lines, in the precision of elements.
fn by_lines<R: Real>(slices: &[One]) -> Vec<Ends<R, LINE>> {
    slices.chunks_exact(LINE).map(Ends::of).collect()
}

#[cfg(test)]
mod tests {
    use std::array::from_fn;

    use crate::cpu::kernel::search::{Sought, search, search_swept};
    use crate::cpu::outcome::Kink;

    use super::*;

    const ROWS: usize = 1100;

    /// Columns of many kinds, by number: dense, sparse, with one large element that no sample holds, of equal elements,
    /// with ties, of zeros.
    fn element(column: usize, row: usize) -> f32 {
        let random = ((row * 2_654_435_761 + column * 40_503) % 65_536) as f32 / 65_536.0 - 0.5;
        match column % 8 {
            0 | 1 => random,
            2 => random.powi(9),
            3 => 0.01 * random + if row == 1001 { 7.0 } else { 0.0 },
            4 => 0.25,
            5 => (random * 8.0).round(),
            6 => 1e-20 * random,
            _ => {
                if random.abs() < 0.45 {
                    0.0
                } else {
                    random
                }
            }
        }
    }

    #[test]
    fn kinks_of_a_sweep_are_those_of_each_column() {
        let rows: Vec<Vec<f32>> =
            (0..ROWS).map(|row| (0..SWEPT).map(|column| element(column, row)).collect()).collect();
        for magnitudes in [true, false] {
            let column = |i: usize| -> Vec<f32> { rows.iter().map(|row| row[i]).collect() };
            let power = |i: usize| -> f64 { column(i).iter().map(|&x| f64::from(x.abs())).sum() };
            let powers: Vec<f64> = (0..SWEPT).map(power).collect();
            let c = |i: usize| powers[i] * [0.001, 0.1, 0.5, 0.9][i / 8 % 4] + 1e-30;
            let asked = |i: usize| i % 8 != 6 || !i.is_multiple_of(3);
            let line = |line: usize| Sought {
                magnitudes,
                asked: from_fn(|i| asked(line * LINE + i)),
                powers: from_fn(|i| powers[line * LINE + i]),
                c: from_fn(|i| c(line * LINE + i)),
                like: None,
            };
            let sought: Vec<Sought<LINE>> = (0..LINES).map(line).collect();
            let found = search_swept(&|i| &rows[i][..], ROWS, &sought);
            let mut count = 0;
            for (i, found) in found.iter().enumerate().filter(|(_, found)| found.is_some()) {
                let one = Sought {
                    magnitudes,
                    asked: [true],
                    powers: [powers[i]],
                    c: [c(i)],
                    like: None,
                };
                let (found, [own]) = (found.unwrap(), search([&column(i)], one));
                let sum = |kink: Kink| -> f64 {
                    let value = |x: f32| f64::from(if magnitudes { x.abs() } else { x });
                    column(i).iter().map(|&x| kink.above::<f32>(value(x))).sum()
                };
                assert!(asked(i), "{i}");
                for kink in [found, own] {
                    assert!((sum(kink) / c(i) - 1.0).abs() < 1e-7, "{i}: {kink:?} {}", sum(kink));
                }
                count += 1;
            }
            assert!(count > SWEPT / 2, "{count}");
            assert!(found[3].is_none(), "no sample holds its largest");
        }
    }
}

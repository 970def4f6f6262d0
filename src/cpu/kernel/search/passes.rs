//! Passes over slices for a search: what is above a kink.

use std::array::from_fn;

use pulp::{Arch, Simd, WithSimd};

use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::Real;
use crate::cpu::outcome::Kink;

/// Lines that one thread takes alone.
const LONG: usize = 1 << 14;

/// Lines of f64 that are added up one after the other; more of them are added in halves.
const CHAIN: usize = 32;

/// Half a line: as f64 its sums stay in registers.
const HALF: usize = LINE / 2;

/// What of a slice is above a kink.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Above {
    pub total: f64,
    pub count: f64,
    /// The distance of the nearest element to the kink, on either side.
    pub gap: f64,
}

impl Above {
    /// Newton's.
    pub fn step(&self, c: f64) -> f64 {
        (c - self.total) / self.count.max(1.0)
    }
}

/// `N` slices.
pub(super) trait Passes<const N: usize> {
    /// The largest of each.
    fn most(&self) -> [f64; N];

    /// The part of all elements that every so many lines hold.
    fn share(&self, apart: usize) -> f64;

    /// In the precision of elements, of every so many lines.
    fn near(&self, most: &[f64; N], deltas: &[f64; N], apart: usize) -> [Above; N];

    /// In f64; of slices that are done it may be anything.
    fn exact(&self, kinks: &[Kink; N], done: &[bool; N]) -> [Above; N];

    /// A last step.
    fn moved(&self, kink: Kink, step: f64) -> Kink;
}

/// Slices side by side.
pub(super) struct Columns<'a, R> {
    pub rows: &'a [[R; LINE]],
    pub magnitudes: bool,
}

impl<R: Real> Passes<LINE> for Columns<'_, R> {
    fn most(&self) -> [f64; LINE] {
        largest(self.rows, self.magnitudes).map(R::into)
    }

    fn share(&self, apart: usize) -> f64 {
        share(self.rows, apart)
    }

    fn near(&self, most: &[f64; LINE], deltas: &[f64; LINE], apart: usize) -> [Above; LINE] {
        let [most, deltas] = [most, deltas].map(|values| values.map(R::real_of));
        let [totals, counts] = near(self.rows, self.magnitudes, &most, &deltas, apart);
        from_fn(|i| Above { total: totals[i].into(), count: counts[i].into(), gap: 0.0 })
    }

    fn exact(&self, kinks: &[Kink; LINE], done: &[bool; LINE]) -> [Above; LINE] {
        let mut found = [Above::default(); LINE];
        for first in [0, HALF] {
            let half = first..first + HALF;
            if !done[half.clone()].iter().all(|&done| done) {
                let kinks = from_fn(|i| kinks[first + i]);
                found[half].copy_from_slice(&exact(self.rows, self.magnitudes, first, &kinks));
            }
        }
        found
    }

    fn moved(&self, kink: Kink, step: f64) -> Kink {
        kink.moved::<R>(step)
    }
}

/// One slice, line by line; the last is filled up with NaN, which is not above anything.
pub(super) struct Run<'a, R> {
    rows: &'a [[R; LINE]],
    last: Option<[R; LINE]>,
    magnitudes: bool,
}

impl<'a, R: Real> Run<'a, R> {
    pub fn new(run: &'a [R], magnitudes: bool) -> Self {
        let (rows, tail) = run.as_chunks();
        let filled = |i| tail.get(i).copied().unwrap_or_else(|| R::real_of(f64::NAN));
        Run { rows, last: (!tail.is_empty()).then(|| from_fn(filled)), magnitudes }
    }

    /// Of whole lines and the last.
    fn parts(&self) -> impl Iterator<Item = &[[R; LINE]]> {
        [self.rows, self.last.as_slice()].into_iter()
    }
}

impl<R: Real> Passes<1> for Run<'_, R> {
    fn most(&self) -> [f64; 1] {
        let parts = self.parts().flat_map(|rows| largest(rows, self.magnitudes));
        [parts.map(R::into).fold(f64::NEG_INFINITY, f64::max)]
    }

    fn share(&self, apart: usize) -> f64 {
        share(self.rows, apart)
    }

    fn near(&self, &[most]: &[f64; 1], &[delta]: &[f64; 1], apart: usize) -> [Above; 1] {
        let [most, deltas] = [most, delta].map(|value| [R::real_of(value); LINE]);
        let mut found = Above::default();
        for rows in self.parts().take(if apart == 1 { 2 } else { 1 }) {
            let sums = near(rows, self.magnitudes, &most, &deltas, apart);
            let [total, count] = sums.map(|lanes| across(lanes.map(R::into)));
            (found.total, found.count) = (found.total + total, found.count + count);
        }
        [found]
    }

    fn exact(&self, &[kink]: &[Kink; 1], _: &[bool; 1]) -> [Above; 1] {
        let mut all = Above { gap: f64::INFINITY, ..Above::default() };
        for rows in self.parts() {
            let halves = [0, HALF].map(|first| exact(rows, self.magnitudes, first, &[kink; HALF]));
            let lane = |of: fn(&Above) -> f64| from_fn(|i| of(&halves[i / HALF][i % HALF]));
            all.total += across(lane(|above| above.total));
            all.count += across(lane(|above| above.count));
            all.gap = lane(|above| above.gap).into_iter().fold(all.gap, f64::min);
        }
        [all]
    }

    fn moved(&self, kink: Kink, step: f64) -> Kink {
        kink.moved::<R>(step)
    }
}

/// The largest value of a run.
pub(in crate::cpu) fn most<R: Real>(run: &[R], magnitudes: bool) -> f64 {
    let [most] = Run::new(run, magnitudes).most();
    most
}

/// Whether an element is below zero.
pub(in crate::cpu) fn any_negative<R: Real>(run: &[R]) -> bool {
    let (rows, tail) = run.as_chunks();
    // A piece at a time: most slices that hold one hold it early.
    rows.chunks(LINE).any(|rows| negative_columns(rows).contains(&true))
        || tail.iter().any(|&x| x < R::default())
}

/// Whether an element of each column is below zero.
pub(in crate::cpu) fn negative_columns<R: Real>(rows: &[[R; LINE]]) -> [bool; LINE] {
    let mut least = [R::default(); LINE];
    for row in rows {
        for i in 0..LINE {
            least[i] = if row[i] < least[i] { row[i] } else { least[i] };
        }
    }
    least.map(|least| least < R::default())
}

fn share<R>(rows: &[[R; LINE]], apart: usize) -> f64 {
    rows.len().div_ceil(apart) as f64 / rows.len() as f64
}

fn across(mut lanes: [f64; LINE]) -> f64 {
    let mut width = LINE;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// Both halves of what is long, by two threads if that pays.
fn halved<R: Real, A: Send>(
    rows: &[[R; LINE]],
    most: usize,
    pass: impl Fn(&[[R; LINE]]) -> A + Sync,
) -> Option<(A, A)> {
    let (left, right) = (rows.len() > most).then(|| rows.split_at(rows.len() / 2))?;
    Some(match rows.len() > LONG {
        true => rayon::join(|| pass(left), || pass(right)),
        false => (pass(left), pass(right)),
    })
}

/// The number that moves.
#[inline(always)]
fn value<R: Real>(x: R, magnitudes: bool) -> R {
    if magnitudes { x.magnitude() } else { x }
}

/// The largest value of each column.
fn largest<R: Real>(rows: &[[R; LINE]], magnitudes: bool) -> [R; LINE] {
    struct Op<'a, R, const MAGNITUDES: bool>(&'a [[R; LINE]]);
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = [R; LINE];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [R; LINE] {
            // Two lines at a time: a register waits for what it was last compared with.
            let mut most = [[R::real_of(f64::NEG_INFINITY); LINE]; 2];
            let (pairs, last) = self.0.as_chunks::<2>();
            let whole = pairs.iter().map(|[a, b]| [a, b]);
            for pair in whole.chain(last.iter().map(|row| [row, row])) {
                for k in 0..2 {
                    for i in 0..LINE {
                        let value = value(pair[k][i], MAGNITUDES);
                        most[k][i] = if value > most[k][i] { value } else { most[k][i] };
                    }
                }
            }
            larger(most)
        }
    }
    if let Some((a, b)) = halved(rows, LONG, |rows| largest(rows, magnitudes)) {
        return larger([a, b]);
    }
    match magnitudes {
        true => Arch::new().dispatch(Op::<R, true>(rows)),
        false => Arch::new().dispatch(Op::<R, false>(rows)),
    }
}

fn larger<R: Real>([a, b]: [[R; LINE]; 2]) -> [R; LINE] {
    from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
}

/// The sum of what is above δ in each column and its count, in the precision of elements, of one line in
/// `apart`.
fn near<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    most: &[R; LINE],
    deltas: &[R; LINE],
    apart: usize,
) -> [[R; LINE]; 2] {
    struct Op<'a, R, const MAGNITUDES: bool> {
        rows: &'a [[R; LINE]],
        most: [R; LINE],
        deltas: [R; LINE],
        apart: usize,
    }
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = [[R; LINE]; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[R; LINE]; 2] {
            let Op { rows, most, deltas, apart } = self;
            let (zero, one) = (R::default(), R::real_of(1.0));
            let (mut totals, mut counts) = ([zero; LINE], [zero; LINE]);
            for row in rows.iter().step_by(apart) {
                for i in 0..LINE {
                    let above = deltas[i] - (most[i] - value(row[i], MAGNITUDES));
                    totals[i] = totals[i] + if above > zero { above } else { zero };
                    counts[i] = counts[i] + if above > zero { one } else { zero };
                }
            }
            [totals, counts]
        }
    }
    let half = |rows: &[[R; LINE]]| near(rows, magnitudes, most, deltas, apart);
    // Halves of a sample would not begin where the sample does.
    if let Some((a, b)) = halved(rows, if apart == 1 { LONG } else { usize::MAX }, half) {
        return from_fn(|k| from_fn(|i| a[k][i] + b[k][i]));
    }
    let (most, deltas) = (*most, *deltas);
    match magnitudes {
        true => Arch::new().dispatch(Op::<R, true> { rows, most, deltas, apart }),
        false => Arch::new().dispatch(Op::<R, false> { rows, most, deltas, apart }),
    }
}

/// What is above the kinks of half the columns, from the `first` on.
fn exact<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    first: usize,
    kinks: &[Kink; HALF],
) -> [Above; HALF] {
    struct Op<'a, R, const MAGNITUDES: bool> {
        rows: &'a [[R; LINE]],
        first: usize,
        most: [f64; HALF],
        deltas: [f64; HALF],
    }
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = [[f64; HALF]; 3];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[f64; HALF]; 3] {
            let Op { rows, first, most, deltas } = self;
            let (mut totals, mut counts) = ([0.0; HALF], [0.0; HALF]);
            let mut gaps = [f64::INFINITY; HALF];
            for row in rows {
                let row = &row[first..first + HALF];
                for i in 0..HALF {
                    let kink = Kink { most: most[i], delta: deltas[i], rest: 0.0, count: 0.0 };
                    let over = kink.over::<R>(value(row[i], MAGNITUDES).into());
                    totals[i] += if over > 0.0 { over } else { 0.0 };
                    counts[i] += if over > 0.0 { 1.0 } else { 0.0 };
                    gaps[i] = if over.abs() < gaps[i] { over.abs() } else { gaps[i] };
                }
            }
            [totals, counts, gaps]
        }
    }
    let chain = if R::DOUBLE { CHAIN } else { LONG };
    if let Some((a, b)) = halved(rows, chain, |rows| exact(rows, magnitudes, first, kinks)) {
        return from_fn(|i| Above {
            total: a[i].total + b[i].total,
            count: a[i].count + b[i].count,
            gap: a[i].gap.min(b[i].gap),
        });
    }
    // Fields beside each other, as registers have them.
    let (most, deltas) = (kinks.map(|kink| kink.most), kinks.map(|kink| kink.delta));
    let [totals, counts, gaps] = match magnitudes {
        true => Arch::new().dispatch(Op::<R, true> { rows, first, most, deltas }),
        false => Arch::new().dispatch(Op::<R, false> { rows, first, most, deltas }),
    };
    from_fn(|i| Above { total: totals[i], count: counts[i], gap: gaps[i] })
}

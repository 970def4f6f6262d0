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

/// What of a slice is above a kink.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Above {
    pub total: f64,
    pub count: f64,
    /// The distance of the nearest element to the kink, on either side.
    pub gap: f64,
}

impl Above {
    const NONE: Above = Above { total: 0.0, count: 0.0, gap: f64::INFINITY };

    fn merge(self, other: Above) -> Above {
        Above {
            total: self.total + other.total,
            count: self.count + other.count,
            gap: self.gap.min(other.gap),
        }
    }

    /// Of the columns that make one slice.
    fn of_all(columns: [Above; LINE]) -> Above {
        Above {
            total: across(columns.map(|above| above.total)),
            count: across(columns.map(|above| above.count)),
            gap: columns.iter().fold(f64::INFINITY, |gap, above| gap.min(above.gap)),
        }
    }

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

    /// Each element in its own precision, their sum in f64, and the gap: of `δ − (M − x)` with M the largest or
    /// zero.
    fn settle(&self, most: &[f64; N], deltas: &[f64; N]) -> [Above; N];

    /// In f64, and more for elements of f64.
    fn exact(&self, kinks: &[Kink; N]) -> [Above; N];

    /// In the precision of elements.
    fn rounded(&self, x: f64) -> f64;

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

    fn settle(&self, most: &[f64; LINE], deltas: &[f64; LINE]) -> [Above; LINE] {
        let [most, deltas] = [most, deltas].map(|values| values.map(R::real_of));
        settle(self.rows, self.magnitudes, &most, &deltas)
    }

    fn exact(&self, kinks: &[Kink; LINE]) -> [Above; LINE] {
        exact(self.rows, self.magnitudes, kinks)
    }

    fn rounded(&self, x: f64) -> f64 {
        R::real_of(x).into()
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
        [self.rows, self.last.as_slice()].into_iter().filter(|rows| !rows.is_empty())
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
        // The last line is no part of a sample.
        for rows in self.parts().take(if apart == 1 { 2 } else { 1 }) {
            let sums = near(rows, self.magnitudes, &most, &deltas, apart);
            let [total, count] = sums.map(|lanes| across(lanes.map(R::into)));
            (found.total, found.count) = (found.total + total, found.count + count);
        }
        [found]
    }

    fn settle(&self, &[most]: &[f64; 1], &[delta]: &[f64; 1]) -> [Above; 1] {
        let [most, deltas] = [most, delta].map(|value| [R::real_of(value); LINE]);
        let parts = self.parts().map(|rows| settle(rows, self.magnitudes, &most, &deltas));
        [parts.map(Above::of_all).fold(Above::NONE, Above::merge)]
    }

    fn exact(&self, &[kink]: &[Kink; 1]) -> [Above; 1] {
        let parts = self.parts().map(|rows| exact(rows, self.magnitudes, &[kink; LINE]));
        [parts.map(Above::of_all).fold(Above::NONE, Above::merge)]
    }

    fn rounded(&self, x: f64) -> f64 {
        R::real_of(x).into()
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

/// As [`Passes::settle`], of each column.
fn settle<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    most: &[R; LINE],
    deltas: &[R; LINE],
) -> [Above; LINE] {
    struct Op<'a, R, const MAGNITUDES: bool> {
        rows: &'a [[R; LINE]],
        most: [R; LINE],
        deltas: [R; LINE],
    }
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = ([f64; LINE], [[R; LINE]; 2]);
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> ([f64; LINE], [[R; LINE]; 2]) {
            let Op { rows, most, deltas } = self;
            let (zero, one) = (R::default(), R::real_of(1.0));
            let (mut totals, mut counts) = ([0.0; LINE], [zero; LINE]);
            let mut gaps = [R::real_of(f64::INFINITY); LINE];
            for row in rows {
                let mut above = [zero; LINE];
                for i in 0..LINE {
                    let over = deltas[i] - (most[i] - value(row[i], MAGNITUDES));
                    let distance = over.magnitude();
                    above[i] = if over > zero { over } else { zero };
                    counts[i] = counts[i] + if over > zero { one } else { zero };
                    gaps[i] = if distance < gaps[i] { distance } else { gaps[i] };
                }
                // Apart: in one loop everything would be done in half registers.
                for i in 0..LINE {
                    totals[i] += above[i].into();
                }
            }
            (totals, [counts, gaps])
        }
    }
    let chain = if R::DOUBLE { CHAIN } else { LONG };
    if let Some((a, b)) = halved(rows, chain, |rows| settle(rows, magnitudes, most, deltas)) {
        return from_fn(|i| a[i].merge(b[i]));
    }
    let (most, deltas) = (*most, *deltas);
    let (totals, [counts, gaps]) = match magnitudes {
        true => Arch::new().dispatch(Op::<R, true> { rows, most, deltas }),
        false => Arch::new().dispatch(Op::<R, false> { rows, most, deltas }),
    };
    from_fn(|i| Above { total: totals[i], count: counts[i].into(), gap: gaps[i].into() })
}

/// As [`Passes::exact`], of each column. Few slices need it.
fn exact<R: Real>(rows: &[[R; LINE]], magnitudes: bool, kinks: &[Kink; LINE]) -> [Above; LINE] {
    let chain = if R::DOUBLE { CHAIN } else { LONG };
    if let Some((a, b)) = halved(rows, chain, |rows| exact(rows, magnitudes, kinks)) {
        return from_fn(|i| a[i].merge(b[i]));
    }
    let mut found = [Above::NONE; LINE];
    for row in rows {
        for (above, (kink, &x)) in found.iter_mut().zip(kinks.iter().zip(row)) {
            let over = kink.over::<R>(value(x, magnitudes).into());
            if over > 0.0 {
                (above.total, above.count) = (above.total + over, above.count + 1.0);
            }
            above.gap = above.gap.min(over.abs());
        }
    }
    found
}

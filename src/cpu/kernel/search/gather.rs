//! Columns that are looked at apart from their rows.

use super::lines::{larger, largest};
use crate::cpu::kernel::blocks::own_reals;
use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// Whether an element of each column is below zero.
pub(in crate::cpu) fn negative_columns<'a, T: Number>(
    row: &dyn Fn(usize) -> &'a [T],
    rows: usize,
    columns: usize,
) -> Vec<bool> {
    struct Op<'o, 'a, T>(&'o dyn Fn(usize) -> &'a [T], usize, usize);
    impl<T: Number> WithSimd for Op<'_, '_, T> {
        type Output = Vec<bool>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<bool> {
            let Op(row, rows, columns) = self;
            let (zero, one) = (T::Real::default(), T::Real::real_of(1.0));
            let mut below = vec![zero; columns];
            let mut room = vec![T::Real::default(); columns];
            for i in 0..rows {
                let reals = match own_reals(row(i)) {
                    Some(reals) => reals,
                    None => {
                        T::widen(simd, row(i), &mut room);
                        &room
                    }
                };
                // Counted: of a choice of the smaller one the compiler makes a masked store, which is slow (Zen 4).
                for (below, &x) in below.iter_mut().zip(reals) {
                    *below = *below + if x < zero { one } else { zero };
                }
            }
            below.into_iter().map(|below| below > zero).collect()
        }
    }
    dispatch(Op(row, rows, columns))
}

/// Lines of columns that are gathered, so that those of the same columns lie side by side.
#[derive(Debug)]
pub(in crate::cpu) struct Gathered<R> {
    lines: Vec<[R; LINE]>,
    /// The largest value of each column.
    most: Vec<[R; LINE]>,
}

impl<R> Default for Gathered<R> {
    fn default() -> Self {
        Gathered { lines: Vec::new(), most: Vec::new() }
    }
}

/// Lines of the same columns, and the largest value of each column.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Columns<'a, R> {
    pub rows: &'a [[R; LINE]],
    pub most: &'a [R; LINE],
}

impl<R: Real> Gathered<R> {
    /// Gathers rows of at most so many lines. Largest values are found on the way, while rows are in the first cache.
    pub fn fill<'a, T: Number<Real = R>>(
        &mut self,
        row: &dyn Fn(usize) -> &'a [T],
        rows: usize,
        lines: usize,
        magnitudes: bool,
    ) {
        // What follows the last column is of no column, and nothing is asked of it.
        self.lines.resize(lines * rows, [R::default(); LINE]);
        self.most.clear();
        self.most.resize(lines, [R::real_of(f64::NEG_INFINITY); LINE]);
        let Gathered { lines, most } = self;
        match magnitudes {
            true => dispatch(Fill::<T, true> { row, rows, lines, most }),
            false => dispatch(Fill::<T, false> { row, rows, lines, most }),
        }
    }

    /// Line after line.
    pub fn columns(&self) -> impl Iterator<Item = Columns<'_, R>> {
        let rows = self.lines.len() / self.most.len().max(1);
        let lines = self.lines.chunks(rows.max(1));
        lines.zip(&self.most).map(|(rows, most)| Columns { rows, most })
    }
}

/// Rows that are in the first cache when their largest values are looked for.
const TURN: usize = 16;

struct Fill<'o, 'a, T: Number, const MAGNITUDES: bool> {
    row: &'o dyn Fn(usize) -> &'a [T],
    rows: usize,
    lines: &'o mut [[T::Real; LINE]],
    most: &'o mut [[T::Real; LINE]],
}

impl<T: Number, const MAGNITUDES: bool> WithSimd for Fill<'_, '_, T, MAGNITUDES> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fill { row, rows, lines, most } = self;
        for first in (0..rows).step_by(TURN) {
            let turn = first..rows.min(first + TURN);
            for i in turn.clone() {
                let (whole, last) = row(i).as_chunks::<LINE>();
                for (line, elements) in whole.iter().enumerate() {
                    T::widen(simd, elements, &mut lines[line * rows + i]);
                }
                if !last.is_empty() {
                    let gathered = &mut lines[whole.len() * rows + i];
                    T::widen(simd, last, &mut gathered[..last.len()]);
                }
            }
            for (line, most) in most.iter_mut().enumerate() {
                let gathered = &lines[line * rows..][turn.clone()];
                *most = larger([*most, largest(gathered, MAGNITUDES)]);
            }
        }
    }
}

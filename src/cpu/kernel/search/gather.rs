//! Columns that are looked at apart from their rows.

use crate::cpu::kernel::blocks::own_reals;
use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::Number;
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
            let mut least = vec![T::Real::default(); columns];
            let mut room = vec![T::Real::default(); columns];
            for i in 0..rows {
                let reals = match own_reals(row(i)) {
                    Some(reals) => reals,
                    None => {
                        T::widen(simd, row(i), &mut room);
                        &room
                    }
                };
                for (least, &x) in least.iter_mut().zip(reals) {
                    *least = if x < *least { x } else { *least };
                }
            }
            least.into_iter().map(|least| least < T::Real::default()).collect()
        }
    }
    dispatch(Op(row, rows, columns))
}

/// Gathers rows line by line, so that the lines of some columns lie side by side.
pub(in crate::cpu) fn gather_lines<'a, T: Number>(
    row: &dyn Fn(usize) -> &'a [T],
    rows: usize,
    gathered: &mut [[T::Real; LINE]],
) {
    struct Op<'o, 'a, T: Number>(&'o dyn Fn(usize) -> &'a [T], usize, &'o mut [[T::Real; LINE]]);
    impl<T: Number> WithSimd for Op<'_, '_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op(row, rows, gathered) = self;
            for i in 0..rows {
                for (line, elements) in row(i).chunks(LINE).enumerate() {
                    T::widen(simd, elements, &mut gathered[line * rows + i][..elements.len()]);
                }
            }
        }
    }
    dispatch(Op(row, rows, gathered));
}

//! The hot loops, compiled for the widest registers of the machine at run time.
//!
//! Each is a safe loop over arrays of lanes inside [`pulp::Arch::dispatch`], which compiles it once
//! for AVX2 with FMA and once for the baseline.

mod columns;
mod rows;

pub(super) use columns::{add_columns, scale_columns, scale_columns_into};
pub(super) use rows::{rows, scale, scale_each, scale_each_into, scale_into, sum, sum_strided};

use std::any::TypeId;

use pulp::{Scalar, Simd};

/// `sum + x²`. The square of an f32 is exact in f64, so fused or not gives the same bits; without
/// the instruction a fused form would call a library function for each element.
#[inline(always)]
fn add_square<S: Simd>(sum: f64, x: f32) -> f64 {
    let x = f64::from(x);
    if TypeId::of::<S>() == TypeId::of::<Scalar>() { x * x + sum } else { x.mul_add(x, sum) }
}

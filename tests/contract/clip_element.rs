//! What is known of one element of a group.

use std::fmt;

use normproj::DType;

use crate::values::{Value, for_dtype, least_normal};

/// Everything that is known of an element.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    pub dtype: DType,
    /// Whether 16 bits are rounded toward zero.
    pub cut: bool,
    /// The bits that were stored.
    pub raw: u64,
    /// As the clip reads it: with weights, where it decays.
    pub x: f64,
    /// The bits that are stored now, and the number.
    pub bits: u64,
    pub y: f64,
    /// What it should be.
    pub exact: f64,
    pub decays: bool,
    /// How far `x` itself may be off.
    pub slack: f64,
}

impl Element {
    /// What rounding to the dtype may change of a number, in relation to it and beside.
    pub fn grain(&self) -> (f64, f64) {
        let halves = if self.cut { 2.0 } else { 1.0 };
        match self.dtype {
            DType::F16 => (halves * 2f64.powi(-11), halves * 2f64.powi(-25)),
            DType::BF16 => (halves * 2f64.powi(-8), halves * 2f64.powi(-134)),
            _ => (0.0, 0.0),
        }
    }

    /// How far it may be from exact where it may be this far before it is rounded.
    pub fn most(&self, error: f64) -> f64 {
        let (relative, absolute) = self.grain();
        error + relative * (self.exact.abs() + error) + absolute
    }

    /// A number as an element of this dtype.
    pub fn narrowed(&self, value: f64) -> f64 {
        for_dtype!(self.dtype, T => rounded::<T>(value, self.cut).wide())
    }

    /// The bits of what was read; those that were stored, unless it decays.
    pub fn stored(&self) -> u64 {
        match self.decays {
            false => self.raw,
            true => for_dtype!(self.dtype, T => rounded::<T>(self.x, self.cut).bits()),
        }
    }

    pub fn least_normal(&self) -> f64 {
        least_normal(self.dtype)
    }
}

/// To nearest, but toward zero where 16 bits are cut.
fn rounded<T: Value>(value: f64, cut: bool) -> T {
    let nearest = nearest::<T>(value);
    let beyond = cut && size_of::<T>() == 2 && nearest.wide().abs() > value.abs();
    if beyond { nearest.inward() } else { nearest }
}

/// To nearest even, of all bits: `half` looks at the upper half of an f64 alone.
fn nearest<T: Value>(value: f64) -> T {
    let about = T::of(value);
    if !value.is_finite() || !about.is_finite() {
        return about;
    }
    let bits = about.bits();
    let beside = [bits.wrapping_sub(1), bits, bits + 1].map(<T as Value>::from_bits);
    let alike = |x: &T| x.is_finite() && x.wide().is_sign_negative() == value.is_sign_negative();
    let off = |x: &T| ((x.wide() - value).abs(), x.bits() % 2);
    let order = |a: &T, b: &T| off(a).partial_cmp(&off(b)).unwrap_or(std::cmp::Ordering::Equal);
    beside.into_iter().filter(alike).min_by(order).unwrap_or(about)
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Element { dtype, raw, bits, x, y, exact, .. } = self;
        write!(f, "{dtype} {raw:#x} became {y:e} ({bits:#x}), exactly {exact:e}, of {x:e}")
    }
}

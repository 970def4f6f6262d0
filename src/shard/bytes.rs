//! Statistics as bytes, for any transport.

use super::magnitude::Magnitude;
use super::statistics::{Kind, Slice, Statistics};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::norm::Norm;

/// The first four bytes: what follows, and in which version.
const MARK: [u8; 4] = *b"nps1";

/// No sum of powers of f64 is beyond this power of two, and nothing overflows that is computed of it.
const MOST: i32 = 1 << 20;

impl Statistics {
    /// The bytes of the head.
    pub const HEAD_BYTES: usize = 32;

    /// The bytes of one slice.
    pub const SLICE_BYTES: usize = 16;

    /// The size of [`Statistics::to_bytes`].
    pub const fn bytes(slices: usize) -> usize {
        Self::HEAD_BYTES.saturating_add(Self::SLICE_BYTES.saturating_mul(slices))
    }

    /// A head of 32 bytes and 16 bytes for each slice, all little-endian: the same number on every rank, so
    /// that an all-gather of fixed size takes them.
    ///
    /// | bytes | of the head |
    /// |---|---|
    /// | 0..4 | `nps1` |
    /// | 4..8 | the dtype, `u32`: 0 f32, 1 f16, 2 bf16, 3 f64 |
    /// | 8..16 | p, `f64`; infinite in L∞ |
    /// | 16..24 | δ, `f64`: [`Statistics::error`] |
    /// | 24..32 | elements of a slice, `u64`: [`Statistics::length`] |
    ///
    /// | bytes | of a slice |
    /// |---|---|
    /// | 0..8 | mantissa, `f64`: 0, or in `[1, 2)` |
    /// | 8..12 | exponent, `i32` |
    /// | 12..16 | `u32`: 0 if all elements are finite, 1 with an infinity, 2 with a NaN |
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::bytes(self.slices()));
        bytes.extend(MARK);
        bytes.extend(code(self.dtype).to_le_bytes());
        bytes.extend(power(self.norm).to_le_bytes());
        bytes.extend(self.error.to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        for Slice { sum, kind } in &self.slices {
            bytes.extend(sum.mantissa.to_le_bytes());
            bytes.extend(sum.exponent.to_le_bytes());
            bytes.extend((*kind as u32).to_le_bytes());
        }
        bytes
    }

    /// What [`Statistics::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Statistics`] if no statistics have these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let wrong = |reason: String| Error::Statistics { reason };
        let (head, rest) = bytes.split_at_checked(Self::HEAD_BYTES).ok_or_else(|| {
            wrong(format!("there are {} bytes, not {} or more", bytes.len(), Self::HEAD_BYTES))
        })?;
        if head[..4] != MARK {
            return Err(wrong(format!("they start with {:?}, not {MARK:?}", &head[..4])));
        }
        let dtype = u32::from_le_bytes(part(head, 4));
        let dtype = DType::ALL
            .into_iter()
            .find(|&own| code(own) == dtype)
            .ok_or_else(|| wrong(format!("{dtype} is no dtype")))?;
        let norm = Norm::lp(f64::from_le_bytes(part(head, 8)))?;
        let error = f64::from_le_bytes(part(head, 16));
        // Not `error >= 1.0`: NaN must be refused too.
        if !(0.0..1.0).contains(&error) {
            return Err(wrong(format!("the error of norms is {error}, not in 0..1")));
        }
        let length = u64::from_le_bytes(part(head, 24));
        if !rest.len().is_multiple_of(Self::SLICE_BYTES) {
            let (size, extra) = (Self::SLICE_BYTES, rest.len() % Self::SLICE_BYTES);
            return Err(wrong(format!("{extra} bytes follow the last slice of {size} bytes")));
        }
        let slices = rest.chunks_exact(Self::SLICE_BYTES).enumerate();
        let slices = slices.map(|(number, bytes)| {
            slice(bytes).ok_or_else(|| wrong(format!("slice {number} has the bytes {bytes:?}")))
        });
        Ok(Statistics { norm, dtype, error, length, slices: slices.collect::<Result<_>>()? })
    }
}

fn slice(bytes: &[u8]) -> Option<Slice> {
    let mantissa = f64::from_le_bytes(part(bytes, 0));
    let exponent = i32::from_le_bytes(part(bytes, 8));
    let kind = match u32::from_le_bytes(part(bytes, 12)) {
        0 => Kind::Finite,
        1 => Kind::Infinite,
        2 => Kind::Nan,
        _ => return None,
    };
    let zero = mantissa.to_bits() == 0 && exponent == 0;
    let normal = (1.0..2.0).contains(&mantissa) && (-MOST..=MOST).contains(&exponent);
    (zero || normal).then_some(Slice { sum: Magnitude { mantissa, exponent }, kind })
}

/// N bytes from `first` on; zeros where there are none, which lengths that were checked rule out.
fn part<const N: usize>(bytes: &[u8], first: usize) -> [u8; N] {
    bytes[first..].first_chunk().copied().unwrap_or([0; N])
}

fn power(norm: Norm) -> f64 {
    match norm {
        Norm::L1 => 1.0,
        Norm::L2 => 2.0,
        Norm::Linf => f64::INFINITY,
        Norm::Lp(p) => p.value(),
    }
}

fn code(dtype: DType) -> u32 {
    match dtype {
        DType::F32 => 0,
        DType::F16 => 1,
        DType::BF16 => 2,
        DType::F64 => 3,
    }
}

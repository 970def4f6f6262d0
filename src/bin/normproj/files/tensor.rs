//! What a header says of one tensor.

use std::ops::Range;

use bytemuck::Pod;
use normproj::{DType, Layout, bf16, f16};
use safetensors::Dtype;

/// Elements travel between files and devices in words of 16 bits: only a device has to know what they
/// are.
pub type Word = bf16;

/// One tensor of a file.
#[derive(Debug)]
pub struct Tensor {
    /// Its name, unique within the file.
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Where its elements are, in bytes from the start of the file.
    pub bytes: Range<u64>,
    /// Whether the first axis is the one whose neighbours lie side by side.
    pub fortran: bool,
    /// Whether its bytes are in the other order than this machine's.
    pub swapped: bool,
    /// Whether it is to be worked on.
    pub taken: bool,
}

impl Tensor {
    /// The dtype as it is written everywhere but in headers.
    pub fn dtype_name(&self) -> String {
        self.dtype.to_string().to_lowercase()
    }

    /// What a device would have to work with; none if it is nothing that the library knows.
    pub fn element(&self) -> Option<DType> {
        match self.dtype {
            Dtype::F16 => Some(DType::F16),
            Dtype::BF16 => Some(DType::BF16),
            Dtype::F32 => Some(DType::F32),
            Dtype::F64 => Some(DType::F64),
            _ => None,
        }
    }

    /// How many of its elements are NaN.
    pub fn count_nan(&self, words: &[Word]) -> u64 {
        let bytes = bytemuck::cast_slice(words);
        match self.element() {
            Some(DType::F16) => count_nan::<f16>(bytes),
            Some(DType::BF16) => count_nan::<bf16>(bytes),
            Some(DType::F64) => count_nan::<f64>(bytes),
            _ => count_nan::<f32>(bytes),
        }
    }

    /// Its bytes.
    pub fn size(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }

    /// The number of its elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the elements are (real) floating point numbers.
    pub fn is_float(&self) -> bool {
        use Dtype::*;
        matches!(
            self.dtype,
            F4 | F6_E2M3
                | F6_E3M2
                | F8_E5M2
                | F8_E4M3
                | F8_E8M0
                | F8_E4M3FNUZ
                | F8_E5M2FNUZ
                | F16
                | BF16
                | F32
                | F64
        )
    }

    /// Where the elements are once the bytes of the tensor are in memory.
    pub fn layout(&self) -> normproj::Result<Layout> {
        if !self.fortran {
            return Layout::contiguous(&self.shape);
        }
        let reversed: Vec<usize> = self.shape.iter().rev().copied().collect();
        let order: Vec<usize> = (0..self.shape.len()).rev().collect();
        Layout::contiguous(reversed)?.permuted(&order)
    }
}

fn count_nan<T: Pod + Into<f64>>(bytes: &[u8]) -> u64 {
    let elements = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>);
    elements.filter(|x| (*x).into().is_nan()).count() as u64
}

/// The bytes of a tensor; none if they cannot be counted or do not fill whole bytes.
pub fn byte_count(shape: &[usize], dtype: Dtype) -> Option<u64> {
    let start = u64::try_from(dtype.bitsize()).ok()?;
    // A zero-length axis must not hide that the others overflow.
    let all = shape.iter().try_fold(start, |bits, &size| bits.checked_mul(size.max(1) as u64))?;
    let bits = if shape.contains(&0) { 0 } else { all };
    (bits % 8 == 0).then_some(bits / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_counted_in_every_dtype() {
        let of = |dtype, bytes: &[u8]| {
            let shape = vec![bytes.len() / dtype_size(dtype)];
            let (name, bytes_at) = (String::new(), 0..bytes.len() as u64);
            let tensor = Tensor {
                name,
                dtype,
                shape,
                bytes: bytes_at,
                fortran: false,
                swapped: false,
                taken: true,
            };
            tensor.count_nan(
                &bytes.chunks_exact(2).map(bytemuck::pod_read_unaligned).collect::<Vec<_>>(),
            )
        };
        let f32s = [f32::NAN, f32::INFINITY, 1.0, -f32::NAN];
        assert_eq!(of(Dtype::F32, bytemuck::cast_slice(&f32s)), 2);
        assert_eq!(of(Dtype::F64, bytemuck::cast_slice(&f32s.map(f64::from))), 2);
        assert_eq!(of(Dtype::F16, bytemuck::cast_slice(&f32s.map(f16::from_f32))), 2);
        assert_eq!(of(Dtype::BF16, bytemuck::cast_slice(&f32s.map(bf16::from_f32))), 2);
    }

    fn dtype_size(dtype: Dtype) -> usize {
        dtype.bitsize() / 8
    }

    #[test]
    fn bytes_are_counted_or_refused() {
        assert_eq!(byte_count(&[2, 3], Dtype::F32), Some(24));
        assert_eq!(byte_count(&[], Dtype::F64), Some(8));
        assert_eq!(byte_count(&[0, 7], Dtype::F32), Some(0));
        assert_eq!(byte_count(&[3], Dtype::F4), None);
        assert_eq!(byte_count(&[1 << 40, 1 << 40], Dtype::F32), None);
        assert_eq!(byte_count(&[0, 1 << 40, 1 << 40], Dtype::F32), None);
    }
}

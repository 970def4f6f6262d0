//! Element types.

/// The element type of a tensor in device memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary32.
    #[default]
    F32,
    /// IEEE 754 binary16. Computed with in f32, rounded once, to nearest even.
    F16,
    /// The upper half of a binary32. Computed with in f32, rounded once, to nearest even.
    BF16,
    /// IEEE 754 binary64.
    F64,
}

impl DType {
    /// Every dtype, for those who enumerate.
    pub const ALL: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

    /// The size of one element, in bytes.
    pub const fn size(self) -> usize {
        match self {
            DType::F16 | DType::BF16 => 2,
            DType::F32 => 4,
            DType::F64 => 8,
        }
    }

    /// What elements are worked with in on a GPU.
    pub const fn precision(self) -> Precision {
        match self {
            DType::F16 | DType::BF16 | DType::F32 => Precision::Single,
            DType::F64 => Precision::Double,
        }
    }

    /// The largest finite element.
    pub fn largest(self) -> f64 {
        match self {
            DType::F16 => half::f16::MAX.into(),
            DType::BF16 => half::bf16::MAX.into(),
            DType::F32 => f32::MAX.into(),
            DType::F64 => f64::MAX,
        }
    }

    /// What rounding an element to nearest may change: at most `relative·|x| + absolute`. Nothing for
    /// f32 and f64, whose rounding is part of κ.
    pub fn grain(self) -> Grain {
        match self {
            DType::F16 => Grain { relative: 2f64.powi(-11), absolute: 2f64.powi(-25) },
            // Half of the smallest subnormal: beside any radius but the tiniest it is nothing.
            DType::BF16 => Grain { relative: 2f64.powi(-8), absolute: 2f64.powi(-134) },
            DType::F32 | DType::F64 => Grain { relative: 0.0, absolute: 0.0 },
        }
    }
}

/// What kernels compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// f32.
    #[default]
    Single,
    /// f64.
    Double,
}

impl Precision {
    /// The words of 32 bits of a number.
    pub const fn words(self) -> u32 {
        match self {
            Precision::Single => 1,
            Precision::Double => 2,
        }
    }

    /// The largest finite number.
    pub fn largest(self) -> f64 {
        match self {
            Precision::Single => f32::MAX.into(),
            Precision::Double => f64::MAX,
        }
    }

    /// The bits of a number of this precision, rounded to nearest.
    pub(crate) fn bits(self, value: f64) -> u64 {
        match self {
            Precision::Single => (value as f32).to_bits().into(),
            Precision::Double => value.to_bits(),
        }
    }
}

/// What rounding an element may change, see [`DType::grain`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grain {
    /// The part of its magnitude.
    pub relative: f64,
    /// What comes on top where elements are subnormal.
    pub absolute: f64,
}

impl std::fmt::Display for DType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        })
    }
}

/// A type of the host that a tensor's elements are copied from and to.
pub trait Element: bytemuck::Pod + Into<f64> + Send + Sync + sealed::Sealed {
    /// The dtype of the tensor.
    const DTYPE: DType;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($element:ty => $dtype:ident),*) => {$(
        impl sealed::Sealed for $element {}
        impl Element for $element {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

elements!(f32 => F32, half::f16 => F16, half::bf16 => BF16, f64 => F64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_host() {
        fn same<T: Element>() {
            assert_eq!(T::DTYPE.size(), size_of::<T>());
        }
        same::<f32>();
        same::<f64>();
        same::<half::f16>();
        same::<half::bf16>();
    }

    #[test]
    fn rounding_stays_within_the_grain() {
        let near = (1..4000).map(|i| f64::from(i) * 1.000_37e-7 * f64::from(i % 37));
        let numbers = near.flat_map(|x| [x, x * 2f64.powi(-125)]);
        for x in numbers {
            for (dtype, rounded) in [
                (DType::F16, half::f16::from_f64(x).to_f64()),
                (DType::BF16, half::bf16::from_f32(x as f32).to_f64()),
            ] {
                let Grain { relative, absolute } = dtype.grain();
                assert!((rounded - x).abs() <= relative * x + absolute, "{dtype} {x}");
            }
        }
    }
}

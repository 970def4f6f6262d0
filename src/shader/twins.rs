//! Structs of host and device that are there twice, because numbers are of 64 bits in kernels of f64 and of
//! 32 in all others.

/// Defines a struct as kernels of f64 read it, and its twin for all others. What differs stands first, so
/// that nothing is padded but what `padding` says, in words of each.
macro_rules! twins {
    (
        $(#[$about:meta])*
        $double:ident, $single:ident;
        numbers: $($number:ident),*;
        words: $($word:ident),*;
        wholes: $($whole:ident),*;
        exponents: $($exponent:ident),*;
        counts: $($count:ident),*;
        $(padding: $double_padding:literal, $single_padding:literal;)?
        $(arrays: $($array:ident: $of:ty),*;)?
    ) => {
        $(#[$about])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
        #[allow(missing_docs, reason = "described once, in WGSL")]
        pub struct $double {
            $(pub $number: f64,)*
            $(pub $word: u64,)*
            $(pub $whole: i64,)*
            $(pub $exponent: i32,)*
            $(pub $count: u32,)*
            $(pub padding: [u32; $double_padding],)?
            $($(pub $array: $of,)*)?
        }

        #[doc = concat!("[`", stringify!($double), "`] as kernels of all other dtypes read them.")]
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
        #[allow(missing_docs, reason = "described once, in WGSL")]
        pub struct $single {
            $(pub $number: f32,)*
            $(pub $word: u32,)*
            $(pub $whole: i32,)*
            $(pub $exponent: i32,)*
            $(pub $count: u32,)*
            $(pub padding: [u32; $single_padding],)?
            $($(pub $array: $of,)*)?
        }

        impl From<&$double> for $single {
            /// Of numbers that are of f32: they fit.
            fn from(twin: &$double) -> Self {
                $single {
                    $($number: twin.$number as f32,)*
                    $($word: twin.$word as u32,)*
                    $($whole: twin.$whole as i32,)*
                    $($exponent: twin.$exponent,)*
                    $($count: twin.$count,)*
                    $(padding: [0; $single_padding],)?
                    $($($array: twin.$array,)*)?
                }
            }
        }
    };
}

pub(super) use twins;

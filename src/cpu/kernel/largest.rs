//! The largest magnitude of a contiguous run.

use pulp::{Arch, Simd, WithSimd};

use super::STREAMS;

/// Lanes of one maximum: a register of AVX2.
const LANES: usize = 8;

/// The largest magnitude, 0 of nothing. Without their signs the bits of f32 are in the order of
/// magnitudes, infinity above all numbers and NaN above infinity, so none is lost.
pub(in crate::cpu) fn largest(run: &[f32]) -> f32 {
    struct Op<'a>(&'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> f32 {
            let length = self.0.len() / (STREAMS * LANES);
            let (streams, tail) = self.0.split_at(STREAMS * LANES * length);
            let chunks = streams.as_chunks::<LANES>().0;
            let mut most = [[0u32; LANES]; STREAMS];
            for i in 0..length {
                for (s, most) in most.iter_mut().enumerate() {
                    let chunk = &chunks[s * length + i];
                    for lane in 0..LANES {
                        most[lane] = most[lane].max(magnitude(chunk[lane]));
                    }
                }
            }
            let all = most.as_flattened().iter().fold(0, |all: u32, &bits| all.max(bits));
            f32::from_bits(tail.iter().fold(all, |all, &x| all.max(magnitude(x))))
        }
    }
    Arch::new().dispatch(Op(run))
}

#[inline(always)]
fn magnitude(x: f32) -> u32 {
    x.to_bits() & 0x7fff_ffff
}

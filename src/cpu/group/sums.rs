//! The sums of the examples of a batch, each weighed by what its norm decided.

use rayon::prelude::*;

use super::decide::Effect;
use super::locked::Memory;
use crate::buffer::{DeviceBuffer, Storage};
use crate::cpu::number::{Number, with_number};
use crate::host::lock_write;
use crate::layout::Layout;
use crate::plan::group::{Sum, Sums};

/// Columns that are added up side by side: their sums stay in the first cache.
const COLUMNS: usize = 512;

/// What the examples add up to, of which each comes to what its effect says: the bytes of each sum in
/// row-major order.
pub(super) fn sums(
    sums: &Sums,
    effects: &[Effect],
    memories: &[Memory<'_>],
    cut: bool,
) -> Vec<Vec<u8>> {
    let one = |sum: &Sum| -> Vec<u8> {
        with_number!(sum.member.dtype, T => {
            bytemuck::cast_slice(&of::<T>(sum, effects, memories, cut)).to_vec()
        })
    };
    sums.tensors.iter().map(one).collect()
}

fn of<T: Number>(sum: &Sum, effects: &[Effect], memories: &[Memory<'_>], cut: bool) -> Vec<T> {
    let zero = T::nearest(T::Real::default());
    let mut result = vec![zero; sum.member.layout.len()];
    let Some(first) = sum.member.companion else { return result };
    let data: &[T] = bytemuck::cast_slice(memories[first.memory].words());
    result.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, columns)| {
        let places = places(&first.layout, block * COLUMNS, columns.len());
        let mut added = [0.0; COLUMNS];
        for (example, &effect) in effects.iter().enumerate() {
            let Some(part) = Part::of(effect) else { continue };
            let data = &data[example * sum.stride..];
            match &places {
                // Side by side, as the rows of most batches are.
                Places::Run(start) => {
                    let run = &data[*start..*start + columns.len()];
                    let pairs = added.iter_mut().zip(run);
                    pairs.for_each(|(sum, x)| *sum += part.take(x.wide()));
                }
                Places::Apart(places) => {
                    let pairs = added.iter_mut().zip(places);
                    pairs.for_each(|(sum, &place)| *sum += part.take(data[place].wide()));
                }
            }
        }
        let pairs = columns.iter_mut().zip(added);
        pairs.for_each(|(y, sum)| *y = T::rounded(T::real_of(sum), cut));
    });
    result
}

/// What is left of the elements of an example.
#[derive(Clone, Copy)]
enum Part {
    Times(f64, f64),
    Value(f64),
    OverInfinity,
}

impl Part {
    /// None of an example that counts nothing.
    fn of(effect: Effect) -> Option<Self> {
        match effect {
            // What is not finite and left as it is would leave nothing else of the sum.
            Effect::Leave | Effect::Clamp(..) => None,
            Effect::Inside => Some(Part::Times(1.0, 1.0)),
            Effect::Scale(factor) => {
                let [first, second] = factor.halves();
                Some(Part::Times(first, second))
            }
            Effect::Fill(value) => Some(Part::Value(value)),
            Effect::OverInfinity => Some(Part::OverInfinity),
        }
    }

    #[inline(always)]
    fn take(self, x: f64) -> f64 {
        match self {
            Part::Times(first, second) => x * first * second,
            Part::Value(value) => value,
            Part::OverInfinity if x.is_finite() => 0.0,
            Part::OverInfinity => f64::NAN,
        }
    }
}

/// Where columns are in the first example.
enum Places {
    Run(usize),
    Apart(Vec<usize>),
}

fn places(layout: &Layout, first: usize, count: usize) -> Places {
    if layout.is_contiguous() {
        return Places::Run(layout.offset() + first);
    }
    let place = |column: usize| {
        let (mut rest, mut place) = (column, layout.offset());
        for (&size, &stride) in layout.shape().iter().zip(layout.strides()).rev() {
            place += rest % size * stride;
            rest /= size;
        }
        place
    };
    Places::Apart((first..first + count).map(place).collect())
}

/// Stores sums where they go.
pub(super) fn store(sums: &Sums, summed: Vec<Vec<u8>>, tensors: &[DeviceBuffer]) {
    for (sum, bytes) in sums.tensors.iter().zip(summed) {
        let Some(tensor) = tensors.get(sum.member.memory) else { continue };
        with_number!(sum.member.dtype, T => {
            put::<T>(&sum.member.layout, &bytemuck::pod_collect_to_vec(&bytes), tensor);
        });
    }
}

fn put<T: Number>(layout: &Layout, values: &[T], tensor: &DeviceBuffer) {
    let Storage::Host(memory) = tensor.storage() else { return };
    let mut memory = lock_write(memory);
    let data = memory.of_mut::<T>();
    match places(layout, 0, values.len()) {
        Places::Run(start) => data[start..start + values.len()].copy_from_slice(values),
        Places::Apart(places) => {
            places.into_iter().zip(values).for_each(|(place, &value)| data[place] = value);
        }
    }
}

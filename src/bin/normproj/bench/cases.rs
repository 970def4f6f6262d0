//! What is timed.

use normproj::plan::profile::DeviceKind;
use normproj::{Axes, Context, DType, DeviceBuffer, DeviceProfile, Update, f16};

/// A tensor and the axes of its slices.
pub struct Case {
    pub id: String,
    pub shape: Vec<usize>,
    pub axes: Axes,
    pub dtype: DType,
}

/// A model whose gradients are clipped by their global norm.
pub struct ClipCase {
    pub id: String,
    pub place: Place,
    /// None for as many as suit the device.
    pub elements: Option<usize>,
}

/// Weights that an optimizer updates and projects.
pub struct StepCase {
    pub id: String,
    pub shape: [usize; 2],
    pub axis: i32,
    pub update: Update,
}

/// Where the tensors of a model are: in one buffer, as one tensor, or in buffers of their own.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Arena,
    One,
    Apart,
}

impl Case {
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many elements of a slice lie side by side: element i is in slice `i / inner % slices`,
    /// because the axes that are kept are neighbours in every case.
    pub fn inner(&self) -> normproj::Result<usize> {
        let reduced = self.axes.resolve(&self.shape)?;
        let trailing = self.shape.iter().zip(reduced).rev().take_while(|(_, reduced)| *reduced);
        Ok(trailing.map(|(&size, _)| size).product())
    }
}

/// These elements in a dtype, as a tensor of a device.
pub fn upload(
    context: &Context,
    elements: &[f32],
    shape: &[usize],
    dtype: DType,
) -> normproj::Result<DeviceBuffer> {
    match dtype {
        DType::F16 => context.upload_as(&halves(elements), shape),
        _ => context.upload(elements, shape),
    }
}

pub fn halves(elements: &[f32]) -> Vec<f16> {
    use rayon::prelude::*;
    elements.par_iter().map(|&x| f16::from_f32(x)).collect()
}

/// The fractions of the slices that violate.
pub const VIOLATING: [f64; 4] = [0.0, 0.01, 0.1, 1.0];

/// The most elements that are timed on a software adapter, which moves some GB/s at best, and on the
/// CPU.
const MOST_ON_SOFTWARE: usize = 1 << 24;
const MOST_NATIVE: usize = 1 << 28;

pub fn projections() -> Vec<Case> {
    let of = |dtype| {
        move |id: &str, shape: &[usize], axes| Case {
            id: id.into(),
            shape: shape.into(),
            axes,
            dtype,
        }
    };
    let (case, half) = (of(DType::F32), of(DType::F16));
    vec![
        case("rows_65536x4096", &[65_536, 4096], Axes::from(1)),
        case("rows_262144x1024", &[262_144, 1024], Axes::from(1)),
        half("rows_262144x1024_f16", &[262_144, 1024], Axes::from(1)),
        case("rows_8192x65536", &[8192, 65_536], Axes::from(1)),
        case("rows_4096x32768", &[4096, 32_768], Axes::from(1)),
        case("rows_524288x64", &[524_288, 64], Axes::from(1)),
        case("rows_4096x4096", &[4096, 4096], Axes::from(1)),
        case("rows_4096x32", &[4096, 32], Axes::from(1)),
        case("rows_1x67108864", &[1, 67_108_864], Axes::from(1)),
        case("columns_4096x4096", &[4096, 4096], Axes::from(0)),
        case("columns_16384x16384", &[16_384, 16_384], Axes::from(0)),
        half("columns_16384x16384_f16", &[16_384, 16_384], Axes::from(0)),
        case("columns_128256x4096", &[128_256, 4096], Axes::from(0)),
        case("columns_784x256", &[784, 256], Axes::from(0)),
        case("conv_3x3x512x512", &[3, 3, 512, 512], Axes::from([0, 1, 2])),
        case("strided_256x256x256", &[256, 256, 256], Axes::from([0, 2])),
    ]
}

/// The gradients of 300 tensors, in all places.
pub fn clips() -> Vec<ClipCase> {
    [
        ("clip_300_tensors_arena", Place::Arena),
        ("clip_1_tensor", Place::One),
        ("clip_300_tensors_apart", Place::Apart),
    ]
    .map(|(id, place)| ClipCase { id: id.into(), place, elements: None })
    .into()
}

/// Steps that projections end, of what memory holds and of what a cache does.
pub fn steps() -> Vec<StepCase> {
    // Rates at which an error of a step is not lost in the rounding of weights.
    let updates = [
        ("sgd", Update::sgd(0.0625)),
        ("momentum", Update::momentum(0.0625, 0.9)),
        ("adam", Update::adam(0.0625)),
    ];
    let over = [("rows", 1), ("columns", 0)];
    let of = |[rows, columns]: [usize; 2]| {
        over.into_iter().flat_map(move |(family, axis)| {
            updates.map(|(name, update)| StepCase {
                id: format!("step_{name}_{family}_{rows}x{columns}"),
                shape: [rows, columns],
                axis,
                update,
            })
        })
    };
    [[16_384, 4096], [1024, 1024]].into_iter().flat_map(of).collect()
}

/// Exponents of two: elements over six decades, four times as many each time.
fn growing() -> impl Iterator<Item = u32> {
    (7..=27).step_by(2)
}

/// Rows and columns of matrices that are about square, from 128 elements to 134 million.
pub fn growing_projections() -> Vec<Case> {
    let matrix = |exponent: u32| vec![1 << (exponent / 2), 1 << exponent.div_ceil(2)];
    let case = |family: &'static str, axis: i32| {
        growing().map(move |exponent| Case {
            id: format!("{family}_2^{exponent}"),
            shape: matrix(exponent),
            axes: Axes::from(axis),
            dtype: DType::F32,
        })
    };
    case("rows", 1).chain(case("columns", 0)).collect()
}

/// Clips of as many elements.
pub fn growing_clips() -> Vec<ClipCase> {
    let case = |exponent| ClipCase {
        id: format!("clip_2^{exponent}"),
        place: Place::One,
        elements: Some(1usize << exponent),
    };
    growing().map(case).collect()
}

/// The most elements that are timed on a device.
pub fn most_elements(profile: &DeviceProfile, software: bool) -> usize {
    match profile.kind {
        DeviceKind::Native { .. } => MOST_NATIVE,
        DeviceKind::Gpu(_) if software => MOST_ON_SOFTWARE,
        DeviceKind::Gpu(limits) => (limits.buffer_bytes / 4) as usize,
    }
}

/// Sizes of the tensors of a model: four biases after each kernel, as layers have them.
pub fn model(elements: usize) -> Vec<usize> {
    const KERNELS: usize = 60;
    let biases: Vec<usize> = (0..4 * KERNELS).map(|i| 64 + i * 37 % 900).collect();
    let kernel = (elements - biases.iter().sum::<usize>()) / KERNELS;
    biases.chunks(4).flat_map(|biases| [&[kernel], biases].concat()).collect()
}

/// Elements in [-1, 1), the same everywhere.
pub fn uniform(count: usize) -> Vec<f32> {
    use rayon::prelude::*;
    const PIECE: usize = 1 << 16;
    let mut values = vec![0.0; count];
    values.par_chunks_mut(PIECE).enumerate().for_each(|(piece, values)| {
        let mut state = piece as u64 ^ 0x9e37_79b9_7f4a_7c15;
        for value in values {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *value = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        }
    });
    values
}

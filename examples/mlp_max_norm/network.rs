//! Two hidden layers and a softmax, in f64 on the host. In a training engine this runs on the device,
//! beside the weights.

use ndarray::{Array2, ArrayView2, Axis, Zip};
use rand::{RngExt, rngs::StdRng};

use crate::common::arena::{Spec, length, matrix, matrix_mut};
use crate::common::digits::{CLASSES, Digits, PIXELS};
use crate::common::softmax;

const HIDDEN: usize = 128;
const LAYERS: usize = 3;

/// The weights `[in + 1, out]` of each layer: a column holds the incoming weights of one unit, its
/// bias last, as the weight of an input that is always 1.
pub const SPECS: [Spec; LAYERS] = [
    ("hidden1", &[PIXELS + 1, HIDDEN]),
    ("hidden2", &[HIDDEN + 1, HIDDEN]),
    ("output", &[HIDDEN + 1, CLASSES]),
];

/// The probability that a pixel, or a unit of a hidden layer, is kept.
const KEEP: [f64; LAYERS] = [0.8, 0.5, 0.5];

/// The slope of units that are not active. With 0, units die at a large learning rate.
const SLOPE: f64 = 0.1;

/// What the inputs of each layer are multiplied by.
pub struct Masks([Array2<f64>; LAYERS]);

impl Masks {
    /// Dropout: each input is kept or not, for each image.
    pub fn sample(images: usize, rng: &mut StdRng) -> Self {
        Masks(std::array::from_fn(|layer| {
            let keep = || f64::from(u8::from(rng.random_bool(KEEP[layer])));
            Array2::from_shape_simple_fn((images, inputs(layer)), keep)
        }))
    }

    /// The mean network, which is used after training: every input at its expected strength.
    fn mean(images: usize) -> Self {
        Masks(std::array::from_fn(|layer| Array2::from_elem((images, inputs(layer)), KEEP[layer])))
    }
}

fn inputs(layer: usize) -> usize {
    SPECS[layer].1[0] - 1
}

/// The kernel of a layer and its biases.
fn layer_of(weights: &[f64], layer: usize) -> (ArrayView2<'_, f64>, ArrayView2<'_, f64>) {
    matrix(&SPECS, weights, layer).split_at(Axis(0), inputs(layer))
}

/// Uniform kernels of variance 2 / inputs (He et al. 2015), zero biases.
pub fn initial(rng: &mut StdRng) -> Vec<f64> {
    let mut weights = vec![0.0; length(&SPECS)];
    for layer in 0..LAYERS {
        let both = matrix_mut(&SPECS, &mut weights, layer);
        let (mut kernel, _) = both.split_at(Axis(0), inputs(layer));
        let limit = (6.0 / inputs(layer) as f64).sqrt();
        kernel.mapv_inplace(|_| rng.random_range(-limit..limit));
    }
    weights
}

/// The inputs of each layer after their mask, and the logits.
fn forward(weights: &[f64], digits: &Digits, masks: &Masks) -> (Vec<Array2<f64>>, Array2<f64>) {
    let mut seen = Vec::new();
    let mut signal = digits.images.clone();
    for (layer, mask) in masks.0.iter().enumerate() {
        let input = signal * mask;
        let (kernel, biases) = layer_of(weights, layer);
        signal = input.dot(&kernel) + biases;
        if layer + 1 < LAYERS {
            signal.mapv_inplace(|z| if z < 0.0 { SLOPE * z } else { z });
        }
        seen.push(input);
    }
    (seen, signal)
}

/// The mean loss of a batch, and its gradient in the order of the weights.
pub fn gradient(weights: &[f64], batch: &Digits, masks: &Masks) -> (f64, Vec<f64>) {
    let (seen, logits) = forward(weights, batch, masks);
    let (loss, mut error) = softmax::cross_entropy(&logits, &batch.labels);
    let mut gradient = vec![0.0; weights.len()];
    for layer in (0..LAYERS).rev() {
        let both = matrix_mut(&SPECS, &mut gradient, layer);
        let (mut kernel, mut biases) = both.split_at(Axis(0), inputs(layer));
        kernel.assign(&seen[layer].t().dot(&error));
        biases.assign(&error.sum_axis(Axis(0)).insert_axis(Axis(0)));
        error = error.dot(&layer_of(weights, layer).0.t()) * &masks.0[layer];
        // The sign of what a unit gives is that of what it was given.
        let slope = |x: f64| if x < 0.0 { SLOPE } else { 1.0 };
        Zip::from(&mut error).and(&seen[layer]).for_each(|e, &x| *e *= slope(x));
    }
    (loss, gradient)
}

/// The share of images that the mean network gets right.
pub fn accuracy(weights: &[f64], digits: &Digits) -> f64 {
    let (_, logits) = forward(weights, digits, &Masks::mean(digits.labels.len()));
    softmax::accuracy(&logits, &digits.labels)
}

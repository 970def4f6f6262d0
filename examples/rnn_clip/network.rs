//! A recurrent network of tanh units that reads an image a few pixels at a time, in f64 on the host.
//! In a training engine this runs on the device, beside the weights.

use ndarray::{Array2, ArrayView2, Axis, Zip, s};
use rand::{RngExt, rngs::StdRng};

use crate::common::arena::{Spec, length, matrix, matrix_mut};
use crate::common::digits::{CLASSES, Digits, PIXELS};
use crate::common::softmax;

/// Pixels at a time.
const WIDTH: usize = 2;
const STEPS: usize = PIXELS / WIDTH;
const UNITS: usize = 64;

pub const SPECS: [Spec; 5] = [
    ("input.kernel", &[WIDTH, UNITS]),
    ("recurrent.kernel", &[UNITS, UNITS]),
    ("recurrent.bias", &[UNITS]),
    ("output.kernel", &[UNITS, CLASSES]),
    ("output.bias", &[CLASSES]),
];
const INPUT: usize = 0;
const RECURRENT: usize = 1;
const BIAS: usize = 2;
const OUTPUT: usize = 3;
const OUTPUT_BIAS: usize = 4;

/// Uniform kernels of variance gain² / inputs, zero biases.
pub fn initial(rng: &mut StdRng) -> Vec<f64> {
    let mut weights = vec![0.0; length(&SPECS)];
    for (tensor, gain) in [(INPUT, 1.0), (RECURRENT, GAIN), (OUTPUT, 1.0)] {
        let mut kernel = matrix_mut(&SPECS, &mut weights, tensor);
        let limit = gain * (3.0 / kernel.nrows() as f64).sqrt();
        kernel.mapv_inplace(|_| rng.random_range(-limit..limit));
    }
    weights
}

/// The state grows by this factor a step while it is small, and so do gradients on their way back.
const GAIN: f64 = 1.2;

/// The state before each step and after the last, and the logits.
fn forward(weights: &[f64], images: &Array2<f64>) -> (Vec<Array2<f64>>, Array2<f64>) {
    let of = |tensor| matrix(&SPECS, weights, tensor);
    let mut states = vec![Array2::zeros((images.nrows(), UNITS))];
    for step in 0..STEPS {
        let state =
            states[step].dot(&of(RECURRENT)) + pixels(images, step).dot(&of(INPUT)) + of(BIAS);
        states.push(state.mapv_into(f64::tanh));
    }
    let logits = states[STEPS].dot(&of(OUTPUT)) + of(OUTPUT_BIAS);
    (states, logits)
}

fn pixels(images: &Array2<f64>, step: usize) -> ArrayView2<'_, f64> {
    images.slice(s![.., step * WIDTH..(step + 1) * WIDTH])
}

/// The mean loss of a batch, and its gradient in the order of the weights: backpropagation through
/// all steps.
pub fn gradient(weights: &[f64], batch: &Digits) -> (f64, Vec<f64>) {
    let (states, logits) = forward(weights, &batch.images);
    let (loss, error) = softmax::cross_entropy(&logits, &batch.labels);
    let mut gradient = vec![0.0; weights.len()];
    let mut add = |tensor, term: Array2<f64>| {
        let mut sum = matrix_mut(&SPECS, &mut gradient, tensor);
        sum += &term;
    };
    let of = |tensor| matrix(&SPECS, weights, tensor);
    let row_sum = |error: &Array2<f64>| error.sum_axis(Axis(0)).insert_axis(Axis(0));
    add(OUTPUT, states[STEPS].t().dot(&error));
    add(OUTPUT_BIAS, row_sum(&error));
    let mut error = error.dot(&of(OUTPUT).t());
    for step in (0..STEPS).rev() {
        Zip::from(&mut error).and(&states[step + 1]).for_each(|e, &h| *e *= 1.0 - h * h);
        add(INPUT, pixels(&batch.images, step).t().dot(&error));
        add(RECURRENT, states[step].t().dot(&error));
        add(BIAS, row_sum(&error));
        error = error.dot(&of(RECURRENT).t());
    }
    (loss, gradient)
}

/// The share of images that the network gets right.
pub fn accuracy(weights: &[f64], digits: &Digits) -> f64 {
    softmax::accuracy(&forward(weights, &digits.images).1, &digits.labels)
}

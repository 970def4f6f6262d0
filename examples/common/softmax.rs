//! The last layer of both networks: softmax with cross-entropy.

use ndarray::{Array2, Axis};

/// The mean loss of a batch, and its gradient with respect to the logits.
pub fn cross_entropy(logits: &Array2<f64>, labels: &[usize]) -> (f64, Array2<f64>) {
    let count = labels.len() as f64;
    let mut gradient = logits.clone();
    let mut loss = 0.0;
    for (mut row, &label) in gradient.axis_iter_mut(Axis(0)).zip(labels) {
        let largest = row.fold(f64::NEG_INFINITY, |largest, &x| largest.max(x));
        let normaliser = largest + row.fold(0.0, |sum, &x| sum + (x - largest).exp()).ln();
        loss += (normaliser - row[label]) / count;
        row.mapv_inplace(|x| (x - normaliser).exp() / count);
        row[label] -= 1.0 / count;
    }
    (loss, gradient)
}

/// The share of rows whose largest logit is that of the label; a row with a NaN counts as wrong.
pub fn accuracy(logits: &Array2<f64>, labels: &[usize]) -> f64 {
    let right = logits.axis_iter(Axis(0)).zip(labels).filter(|(row, label)| {
        let other = |(i, x): (usize, &f64)| i == **label || *x < row[**label];
        row.iter().enumerate().all(other) && row[**label].is_finite()
    });
    right.count() as f64 / labels.len() as f64
}

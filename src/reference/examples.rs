//! Clips of the examples of a batch, and their sums.

use super::clip::{Elements, clip};
use crate::error::Result;
use crate::model::Clip;
use crate::projection::OnNonFinite;

/// What a clip of examples finds and leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Summed {
    /// The elements of each sum, rounded to f64.
    pub sums: Vec<Vec<f64>>,
    /// The sum of the magnitudes of what is added up, for each element: an error of summation is in
    /// relation to it.
    pub magnitudes: Vec<Vec<f64>>,
    /// The norm of each example over all tensors.
    pub norms: Vec<f64>,
    /// What each example is multiplied by; 1 where it is kept, replaced or left out.
    pub scales: Vec<f64>,
}

/// The exact clip of examples, given as the tensors of each, by the norm of each.
///
/// # Errors
/// As [`clip`].
pub fn examples(by: &Clip, examples: &[Vec<Elements>]) -> Result<Summed> {
    let lengths = examples.first().map_or(Vec::new(), |tensors| {
        tensors.iter().map(|tensor| tensor.values.len()).collect::<Vec<usize>>()
    });
    let zeros: Vec<Vec<f64>> = lengths.iter().map(|&length| vec![0.0; length]).collect();
    let mut summed =
        Summed { sums: zeros.clone(), magnitudes: zeros, norms: Vec::new(), scales: Vec::new() };
    let mut terms: Vec<Vec<Vec<f64>>> = Vec::new();
    for tensors in examples {
        let clipped = clip(by, tensors, None)?;
        summed.norms.push(clipped.total);
        summed.scales.push(clipped.scale);
        let finite = tensors.iter().flat_map(|tensor| &tensor.values).all(|x| x.is_finite());
        // What is left as it is counts nothing.
        if finite || by.policy() != OnNonFinite::Leave {
            terms.push(clipped.tensors);
        }
    }
    for (tensor, (sums, magnitudes)) in
        summed.sums.iter_mut().zip(&mut summed.magnitudes).enumerate()
    {
        for (i, (sum, magnitude)) in sums.iter_mut().zip(magnitudes).enumerate() {
            let mut column: Vec<f64> = terms.iter().map(|term| term[tensor][i]).collect();
            // Small ones first, in twice the precision.
            column.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let add = |sum: super::Double, &x: &f64| sum + x.into();
            *sum = column.iter().fold(super::Double::default(), add).high;
            *magnitude = column.iter().map(|x| x.abs()).sum();
        }
    }
    Ok(summed)
}

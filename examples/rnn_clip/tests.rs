//! The gradient against differences of the loss, and a short training under the oracle.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::common::digits::Digits;
use crate::common::runs::Settings;
use crate::common::testing::{assert_slopes, contexts};
use crate::network;
use crate::train::train;

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let mut rng = StdRng::seed_from_u64(7);
    let batch = Digits::load().unwrap().batches(16, &mut rng).remove(0);
    let mut weights = network::initial(&mut rng);
    // Biases other than zero.
    weights.iter_mut().for_each(|w| *w += rng.random_range(-0.01..0.01));
    assert_slopes(&weights, 37, |weights| network::gradient(weights, &batch));
}

#[test]
fn gradients_end_inside_the_bound_and_norms_are_those_of_the_oracle() {
    let data = Digits::load().unwrap();
    let settings = Settings { c: 0.5, rate: 2.0, seed: 0, epochs: 1, check: true, fused: false };
    for context in contexts() {
        let run = train(&context, &data, &settings).unwrap();
        assert_eq!((run.oracle.above, run.oracle.steps), (0, run.lines.len()));
        assert!(run.oracle.difference < 1e-5, "{}", run.oracle.difference);
        assert!(run.lines.iter().any(|line| line.clipped && line.scale < 0.5));
        assert!(run.lines.iter().all(|line| line.norm_after <= line.norm_before * (1.0 + 1e-5)));
    }
}

//! The gradient against differences of the loss, and a short training under the oracle.

use normproj::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::common::digits::Digits;
use crate::network;
use crate::train::{Settings, train};

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let mut rng = StdRng::seed_from_u64(7);
    let batch = Digits::load().unwrap().batches(16, &mut rng).remove(0);
    let mut weights = network::initial(&mut rng);
    // Biases other than zero.
    weights.iter_mut().for_each(|w| *w += rng.random_range(-0.01..0.01));
    let (_, gradient) = network::gradient(&weights, &batch);
    for i in (0..weights.len()).step_by(37) {
        let mut loss_at = |step: f64| {
            let kept = std::mem::replace(&mut weights[i], weights[i] + step);
            let (loss, _) = network::gradient(&weights, &batch);
            weights[i] = kept;
            loss
        };
        let slope = (loss_at(1e-6) - loss_at(-1e-6)) / 2e-6;
        let error = (slope - gradient[i]).abs();
        assert!(error < 1e-6 * gradient[i].abs().max(1.0), "{i}: {slope} and {}", gradient[i]);
    }
}

#[test]
fn gradients_end_inside_the_bound_and_norms_are_those_of_the_oracle() {
    let data = Digits::load().unwrap();
    let settings = Settings { c: 0.5, rate: 2.0, seed: 0, epochs: 1, check: true };
    for context in [Some(Context::cpu()), Context::gpu().ok()].into_iter().flatten() {
        let run = train(&context, &data, &settings).unwrap();
        assert_eq!((run.oracle.above, run.oracle.steps), (0, run.lines.len()));
        assert!(run.oracle.difference < 1e-5, "{}", run.oracle.difference);
        assert!(run.lines.iter().any(|line| line.clipped && line.scale < 0.5));
        assert!(run.lines.iter().all(|line| line.norm_after <= line.norm_before * (1.0 + 1e-5)));
    }
}

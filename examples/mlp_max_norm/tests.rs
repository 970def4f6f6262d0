//! The gradient against differences of the loss, and a short training under the oracle.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::common::digits::Digits;
use crate::common::runs::Settings;
use crate::common::testing::{assert_slopes, contexts};
use crate::network::{self, Masks};
use crate::train::train;

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let mut rng = StdRng::seed_from_u64(7);
    let batch = Digits::load().unwrap().batches(16, &mut rng).remove(0);
    let masks = Masks::sample(16, &mut rng);
    let mut weights = network::initial(&mut rng);
    // Biases other than zero.
    weights.iter_mut().for_each(|w| *w += rng.random_range(-0.1..0.1));
    assert_slopes(&weights, 97, |weights| network::gradient(weights, &batch, &masks));
}

#[test]
fn every_unit_stays_inside_where_a_free_network_diverges() {
    let data = Digits::load().unwrap();
    for (context, fused) in
        contexts().into_iter().flat_map(|context| [(context.clone(), false), (context, true)])
    {
        let settings = |c| Settings { c, rate: 10.0, seed: 0, epochs: 2, check: true, fused };
        let bounded = train(&context, &data, &settings(2.0)).unwrap();
        assert_eq!((bounded.oracle.above, bounded.oracle.compared), (0, 266 * bounded.lines.len()));
        assert!(bounded.lines.iter().all(|line| line.loss.is_finite()));
        assert!(bounded.lines.iter().any(|line| line.clipped && line.scale < 0.9));
        assert!(bounded.lines.iter().all(|line| line.largest_unit_norm < 2.0 + 1e-5));

        let free = train(&context, &data, &settings(f64::INFINITY)).unwrap();
        assert!(free.lines.iter().any(|line| line.largest_unit_norm > 20.0));
        assert!(free.lines.iter().all(|line| !line.clipped));
    }
}

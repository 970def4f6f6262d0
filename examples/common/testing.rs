//! What the tests of both examples share.

use normproj::Context;

/// Compares a gradient with differences of the loss, at every `stride`-th weight.
pub fn assert_slopes(weights: &[f64], stride: usize, gradient: impl Fn(&[f64]) -> (f64, Vec<f64>)) {
    let (_, claimed) = gradient(weights);
    let step = 1e-6;
    for i in (0..weights.len()).step_by(stride) {
        let loss_at = |step: f64| {
            let mut moved = weights.to_vec();
            moved[i] += step;
            gradient(&moved).0
        };
        let slope = (loss_at(step) - loss_at(-step)) / (2.0 * step);
        let error = (slope - claimed[i]).abs();
        assert!(error < 1e-6 * claimed[i].abs().max(1.0), "{i}: {slope} and {}", claimed[i]);
    }
}

/// The CPU backend, and the best adapter if there is one.
pub fn contexts() -> Vec<Context> {
    let gpu = Context::gpu();
    let required = std::env::var("NORMPROJ_REQUIRE_ADAPTER").is_ok_and(|value| value == "1");
    assert!(gpu.is_ok() || !required, "{gpu:?}");
    std::iter::once(Context::cpu()).chain(gpu).collect()
}

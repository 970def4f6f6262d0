//! Steps on a sphere.

use normproj::{Context, DType, Hyperball};
use proptest::prelude::*;
use proptest::sample::select;

use super::stepping;
use crate::properties::config;
use crate::run::serves;
use crate::values::{Fill, Value, for_dtype};

/// Three steps as the definition has them, in f64.
fn naive(rate: f64, radius: f64, w: &[f64], gradients: &[Vec<f64>]) -> Vec<f64> {
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut w = w.to_vec();
    for g in gradients {
        let n = norm(g);
        let v =
            w.iter().zip(g).map(|(w, g)| w - if n == 0.0 { 0.0 } else { rate * radius * g / n });
        let v: Vec<f64> = v.collect();
        let n = norm(&v);
        w = v.iter().map(|v| radius * v / n).collect();
    }
    w
}

fn far<T: Value>(
    context: &Context,
    shape: &[usize],
    [rate, radius, size]: [f64; 3],
    seed: u64,
) -> f64 {
    let count: usize = shape.iter().product();
    let fill = |seed: u64, size: f64| -> Vec<T> {
        (0..count).map(|i| T::of(size * Fill::Normal.value::<f64>(seed, i))).collect()
    };
    let wide = |x: &[T]| -> Vec<f64> { x.iter().map(|x| x.wide()).collect() };
    let before = fill(seed, 1.0);
    let gradients = [fill(seed ^ 1, size), fill(seed ^ 2, 0.0), fill(seed ^ 3, size)];
    let upload = |x: &[T]| context.upload_as(x, shape).expect("upload");
    let weights = upload(&before);
    let mut hyperball = Hyperball::new(rate, radius, &weights).expect("valid");
    gradients.iter().for_each(|g| hyperball.step(&upload(g)).expect("it runs"));
    let after: Vec<f64> = wide(&weights.read_as().expect("read"));
    let gradients = gradients.map(|g| wide(&g));
    let expected = naive(rate, radius, &wide(&before), &gradients);
    let off = after.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    off / radius
}

proptest! {
    #![proptest_config(config(8))]

    /// Whatever the size of gradients, of a whole tensor in one dispatch or in several.
    #[test]
    fn weights_stay_on_their_sphere(
        shape in select(vec![vec![7, 9], vec![64, 100], vec![130, 1021]]),
        rate in select(vec![0.01, 0.5]),
        radius in select(vec![0.5, 3.0, 40.0]),
        size in select(vec![1e-12, 1.0, 1e12]),
        dtype in select(vec![DType::F32, DType::BF16, DType::F64]),
        seed in any::<u64>(),
    ) {
        for context in stepping().filter(|context| serves(context, dtype)) {
            let off = for_dtype!(dtype, T => far::<T>(context, &shape, [rate, radius, size], seed));
            let allowed = match dtype {
                DType::BF16 => 0.02,
                DType::F64 => 1e-12,
                _ => 2e-5,
            };
            prop_assert!(off <= allowed, "{off:e} of {shape:?} in {dtype} on {}", context.describe());
        }
    }
}

#[test]
fn another_rate_is_caught() {
    let gradients = [vec![1.0, 2.0], vec![0.0, 0.0]];
    let one = naive(0.5, 1.0, &[0.6, 0.8], &gradients);
    let other = naive(0.5001, 1.0, &[0.6, 0.8], &gradients);
    let off = one.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    assert!(off > 2e-5, "{off:e}");
}

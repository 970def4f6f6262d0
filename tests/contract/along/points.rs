//! Euclidean projections: the nearest point, and nothing moves apart.

use normproj::{Context, Projection};
use proptest::prelude::*;

use crate::contexts::contexts;
use crate::properties::config;
use crate::values::{Fill, Value};

const ROWS: usize = 40;
const LENGTH: usize = 33;

fn vectors(seed: u64) -> Vec<f32> {
    (0..ROWS * LENGTH).map(|i| Fill::Normal.value(seed, i)).collect()
}

fn projected(context: &Context, projection: Projection, x: &[f32], a: &[f32]) -> Vec<f32> {
    let shape = [ROWS, LENGTH];
    let (tensor, along) =
        (context.upload(x, shape).expect("upload"), context.upload(a, shape).expect("upload"));
    context.project_along(&projection, &tensor, &along).expect("valid");
    tensor.read().expect("read")
}

fn product(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn rows(all: &[f32]) -> Vec<Vec<f64>> {
    all.chunks(LENGTH).map(|row| row.iter().map(|x| x.wide()).collect()).collect()
}

fn difference(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

/// What is asked of a point in the set that `z` is moved into, in f64.
fn inside(number: usize, z: &[f64], a: &[f64], b: f64) -> Vec<f64> {
    let part = product(a, z) / product(a, a);
    let over = part - b / product(a, a);
    let one = |(z, a): (&f64, &f64)| match number {
        0 => z - over * a,
        1 => z - over.max(0.0) * a,
        _ => part * a,
    };
    z.iter().zip(a).map(one).collect()
}

fn sets(b: f64) -> [Projection; 3] {
    [Projection::hyperplane(b, 1), Projection::half_space(b, 1), Projection::line(1)]
}

/// `⟨x − y, z − y⟩ ≤ 0` for every z of a convex set says that y is the point of it nearest to x. With an error
/// e in y it is `‖e‖·(‖z − y‖ + ‖x − y‖)` at most. Returns the worst violation, in units of
/// `‖x‖·(‖z − y‖ + ‖x − y‖)`.
fn worst(number: usize, [x, y, z, a]: [&[f32]; 4], b: f64) -> f64 {
    let (x, y, z, a) = (rows(x), rows(y), rows(z), rows(a));
    let of_row = |i: usize| {
        let z = inside(number, &z[i], &a[i], b);
        let (way, other) = (difference(&x[i], &y[i]), difference(&z, &y[i]));
        let length = |x: &[f64]| product(x, x).sqrt();
        product(&way, &other) / (length(&x[i]) * (length(&other) + length(&way)))
    };
    (0..ROWS).map(of_row).fold(f64::NEG_INFINITY, f64::max)
}

const CLOSE: f64 = 2e-5;

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn no_point_of_the_set_is_nearer(seed in any::<u64>(), b in -3.0..3.0f64) {
        let (x, z, a) = (vectors(seed), vectors(seed ^ 1), vectors(seed ^ 2));
        for context in contexts() {
            for (number, projection) in sets(b).into_iter().enumerate() {
                let y = projected(context, projection, &x, &a);
                let found = worst(number, [&x, &y, &z, &a], b);
                prop_assert!(found <= CLOSE, "{projection} on {}: {found:e}", context.describe());
            }
        }
    }

    #[test]
    fn nothing_moves_apart(seed in any::<u64>(), b in -3.0..3.0f64) {
        let (x, z, a) = (vectors(seed), vectors(seed ^ 1), vectors(seed ^ 2));
        for context in contexts() {
            for projection in sets(b) {
                let of = |v: &[f32]| rows(&projected(context, projection, v, &a));
                let (px, pz) = (of(&x), of(&z));
                for (i, (x, z)) in rows(&x).iter().zip(rows(&z)).enumerate() {
                    let apart = |x: &[f64], z: &[f64]| {
                        let way = difference(x, z);
                        product(&way, &way).sqrt()
                    };
                    let (before, after) = (apart(x, &z), apart(&px[i], &pz[i]));
                    prop_assert!(after <= before * (1.0 + CLOSE), "{projection}: {before} {after}");
                }
            }
        }
    }
}

/// The exact point is as far from the one that was found as rounding has moved that.
#[test]
fn beside_the_exact_point_only_rounding_is_seen() {
    let (x, a) = (vectors(5), vectors(7));
    for context in contexts() {
        for (number, projection) in sets(0.5).into_iter().enumerate() {
            let y = projected(context, projection, &x, &a);
            let found = worst(number, [&x, &y, &x, &a], 0.5);
            assert!(found <= CLOSE, "{projection} on {}: {found:e}", context.describe());
        }
    }
}

#[test]
fn a_point_that_is_not_the_nearest_is_caught() {
    let (x, z, a) = (vectors(5), vectors(6), vectors(7));
    let context = Context::cpu();
    for (number, projection) in sets(0.5).into_iter().enumerate() {
        let y = projected(&context, projection, &x, &a);
        // Another point of the same set: moved along something that is orthogonal to the direction, or on.
        let other: Vec<f32> = (0..ROWS)
            .flat_map(|i| {
                let (y, z, a) = (rows(&y), rows(&z), rows(&a));
                let step = if number == 2 { a[i].clone() } else { inside(0, &z[i], &a[i], 0.0) };
                let moved = y[i].iter().zip(step).map(|(y, s)| (y - 0.01 * s) as f32);
                moved.collect::<Vec<f32>>()
            })
            .collect();
        assert!(worst(number, [&x, &other, &z, &a], 0.5) > CLOSE, "{projection}");
    }
}

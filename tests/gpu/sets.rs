//! Every set and norm on every adapter under every legal schedule, against plain formulas in f64.

use normproj::{Axes, Context, Layout, Norm, Plan, Projection, Request, reference};

use crate::contexts;
use crate::truth::{Close, Truth};

/// Shapes and axes that are rows, columns and strided, in loads of one and of four elements.
fn forms() -> Vec<(Vec<usize>, Axes)> {
    vec![
        (vec![5, 260], 1.into()),
        (vec![3, 77], 1.into()),
        (vec![130, 12], 0.into()),
        (vec![61, 7], 0.into()),
        (vec![3, 4, 5, 6, 2], [1, 3].into()),
        (vec![9], Axes::each()),
    ]
}

/// Elements of about one magnitude a slice, from tiny to huge; one slice of zeros.
fn elements(shape: &[usize], axes: Axes, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    let mut host = vec![0.0; shape.iter().product()];
    for (i, slice) in reference::slices(axes, shape).unwrap().iter().enumerate() {
        let scale = [1.0, 1e-3, 0.0, 3e37, 1e-34, 1e3, 40.0][i % 7];
        for &element in slice {
            let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
            host[element] = (sign * scale * random.unit().powi(3)) as f32;
        }
    }
    host
}

pub struct Random(pub u64);

impl Random {
    /// A number in (0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / (1u64 << 31) as f64
    }
}

fn run(context: &Context, plan: &Plan, host: &[f32]) -> Vec<f32> {
    let tensor = context.upload(host, plan.request().source.shape()).unwrap();
    let _ = context.run(plan, &tensor, &tensor).unwrap();
    tensor.read().unwrap()
}

/// The chosen plan, and some of the legal ones: which, the seed says.
fn plans(request: &Request, context: &Context, seed: usize) -> Vec<Plan> {
    let profile = context.profile();
    let legal = Plan::legal_schedules(request, profile).unwrap();
    let some = legal.iter().enumerate().filter(|(i, _)| i % 7 == seed % 7);
    let forced = some.map(|(_, &forced)| Plan::with_schedule(request, profile, forced).unwrap());
    forced.chain([Plan::new(request, profile).unwrap()]).collect()
}

/// Compares a projection with its truth, under every legal schedule, and projects twice.
fn check(seed: usize, what: &str, of: impl Fn(Axes) -> Projection, truth: &Truth) {
    let mut checked = 0;
    for context in contexts().iter() {
        for (shape, axes) in forms() {
            let host = elements(&shape, axes, 7);
            let request = Request::in_place(of(axes), Layout::contiguous(&shape).unwrap());
            for plan in plans(&request, context, seed) {
                let once = run(context, &plan, &host);
                Close { plan: &plan, host: &host, found: &once }.check(truth, &shape, axes);
                if truth.is_idempotent() {
                    let twice = run(context, &plan, &once);
                    let same = once.iter().zip(&twice).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "not idempotent on {}\n{}", context.describe(), plan.explain());
                }
                checked += 1;
            }
        }
    }
    println!("{what}: {checked} results were right");
}

fn scale(norm: Norm, low: f64, high: f64) -> Truth {
    Truth::Scale { norm, low, high, rate: 1.0, epsilon: 0.0, always: false }
}

#[test]
fn balls_in_every_norm() {
    for (i, norm) in [Norm::L1, Norm::L2, Norm::Linf].into_iter().enumerate() {
        for (j, c) in [1.0, 2e38, 1e-36].into_iter().enumerate() {
            let of = |axes| Projection::max_norm(c, axes).norm_in(norm);
            check(i + 3 * j, &format!("{norm} max-norm {c:e}"), of, &scale(norm, 0.0, c));
        }
    }
}

#[test]
fn spheres_in_every_norm() {
    for (i, norm) in [Norm::L1, Norm::L2, Norm::Linf].into_iter().enumerate() {
        for (j, c) in [1.0, 3e38, 1e-30].into_iter().enumerate() {
            let of = |axes| Projection::unit_norm(axes).norm_in(norm).with_radius(c);
            check(i + 3 * j, &format!("{norm} norm {c:e}"), of, &scale(norm, c, c));
        }
    }
}

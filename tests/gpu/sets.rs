//! Every set and norm against plain formulas in f64, on every adapter and under every kind of schedule:
//! each form of slices in turn.

use normproj::{Axes, Compat, Context, Layout, Norm, Plan, Projection, Request, reference};

use crate::truth::{Close, Truth};
use crate::{contexts, in_turn};

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
            // No subnormal numbers, which some devices take for zeros.
            let x = (sign * scale * random.unit().powi(3)) as f32;
            host[element] = if x.is_normal() { x } else { 0.0 };
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
    let some = legal.iter().enumerate().filter(|(i, _)| i % 13 == seed % 13);
    let forced = some.map(|(_, &forced)| Plan::with_schedule(request, profile, forced).unwrap());
    forced.chain([Plan::new(request, profile).unwrap()]).collect()
}

/// Compares a projection with its truth, under some schedules, and projects twice.
fn check(seed: usize, what: &str, of: impl Fn(Axes) -> Projection, truth: &Truth) {
    let mut checked = 0;
    for (i, (shape, axes)) in forms().into_iter().enumerate() {
        for context in in_turn(seed + i) {
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
        for (j, c) in [2e38, 1e-36].into_iter().enumerate() {
            let of = |axes| Projection::max_norm(c, axes).norm_in(norm);
            check(i + 3 * j, &format!("{norm} max-norm {c:e}"), of, &scale(norm, 0.0, c));
        }
    }
}

#[test]
fn spheres_in_every_norm() {
    for (i, norm) in [Norm::L1, Norm::L2, Norm::Linf].into_iter().enumerate() {
        for (j, c) in [3e38, 1e-30].into_iter().enumerate() {
            let of = |axes| Projection::unit_norm(axes).norm_in(norm).with_radius(c);
            check(i + 3 * j, &format!("{norm} norm {c:e}"), of, &scale(norm, c, c));
        }
    }
}

#[test]
fn intervals_and_formulas() {
    let truth = |low, high, rate, epsilon, always| Truth::Scale {
        norm: Norm::L2,
        low,
        high,
        rate,
        epsilon,
        always,
    };
    let min_max = |axes| Projection::min_max_norm(0.5, 2.0, axes);
    check(0, "min-max", min_max, &scale(Norm::L2, 0.5, 2.0));
    let half = |axes| min_max(axes).rate(0.25);
    check(1, "min-max at a rate", half, &truth(0.5, 2.0, 0.25, 0.0, false));
    let keras = |axes| Projection::unit_norm(axes).compat(Compat::Keras);
    check(2, "Keras' unit norm", keras, &truth(1.0, 1.0, 1.0, 1e-7, true));
    let keras = |axes| Projection::max_norm(2.0, axes).compat(Compat::Keras);
    check(3, "Keras' max-norm", keras, &truth(0.0, 2.0, 1.0, 1e-7, true));
    let torch = |axes| Projection::clip_norm(2.0, axes).compat(Compat::Torch);
    check(4, "torch's clip", torch, &truth(0.0, 2.0 - 1e-6, 1.0, 1e-6, false));
}

#[test]
fn boxes() {
    for (seed, (low, high)) in
        [(-1.0, 1.0), (0.0, f64::INFINITY), (2.0, 3e38), (-5.0, -5.0)].into_iter().enumerate()
    {
        let of = |_| Projection::bounds(low, high);
        check(seed, &format!("bounds {low} and {high}"), of, &Truth::Clamp { low, high });
    }
    for (seed, c) in [0.0, 1e-3, 1e37].into_iter().enumerate() {
        let of = |axes| Projection::ball(Norm::Linf, c, axes);
        check(seed, &format!("Linf ball {c}"), of, &Truth::Clamp { low: -c, high: c });
    }
}

#[test]
fn powers() {
    for (i, p) in [4.0, 0.5, 17.0].into_iter().enumerate() {
        let norm = Norm::lp(p).unwrap();
        let ball = |axes| Projection::max_norm(1.0, axes).norm_in(norm);
        check(i, &format!("{norm} max-norm"), ball, &scale(norm, 0.0, 1.0));
        let sphere = |axes| Projection::unit_norm(axes).norm_in(norm).with_radius(30.0);
        check(i, &format!("{norm} norm"), sphere, &scale(norm, 30.0, 30.0));
    }
}

#[test]
fn sums_of_magnitudes() {
    for (i, sum) in [0.0, 1.0, 1e38].into_iter().enumerate() {
        let ball = |axes| Projection::ball(Norm::L1, sum, axes);
        let truth = Truth::Magnitudes { sum, exactly: false };
        check(i, &format!("L1 ball {sum:e}"), ball, &truth);
        if sum > 0.0 {
            let sphere = |axes| Projection::sphere(Norm::L1, sum, axes);
            let truth = Truth::Magnitudes { sum, exactly: true };
            check(i + 2, &format!("L1 sphere {sum:e}"), sphere, &truth);
            let simplex = |axes| Projection::simplex(sum, axes);
            check(i + 4, &format!("simplex {sum:e}"), simplex, &Truth::Simplex { sum });
        }
    }
}

/// Longer than a workgroup holds; also where all elements are alike, so that every one remains.
#[test]
fn long_slices() {
    let length = 100_003;
    let mut random = Random(5);
    let alike = vec![0.25f32; length];
    let spread: Vec<f32> = (0..length).map(|_| random.unit().powi(9) as f32 - 0.01).collect();
    let magnitudes = |sum, exactly| Truth::Magnitudes { sum, exactly };
    let cubes = Norm::lp(3.0).unwrap();
    for context in contexts() {
        for host in [&alike, &spread] {
            for (projection, truth) in [
                (Projection::ball(Norm::L1, 2.0, Axes::all()), magnitudes(2.0, false)),
                (Projection::sphere(Norm::L1, 1e6, Axes::all()), magnitudes(1e6, true)),
                (Projection::simplex(1.0, Axes::all()), Truth::Simplex { sum: 1.0 }),
                (Projection::unit_norm(Axes::all()).norm_in(cubes), scale(cubes, 1.0, 1.0)),
                (Projection::unit_norm(Axes::all()).norm_in(Norm::L1), scale(Norm::L1, 1.0, 1.0)),
                (Projection::bounds(-0.005, 0.2), Truth::Clamp { low: -0.005, high: 0.2 }),
            ] {
                let layout = Layout::contiguous([length]).unwrap();
                let plan = context.plan(&Request::in_place(projection, layout)).unwrap();
                let once = run(context, &plan, host);
                let axes = projection.axes();
                Close { plan: &plan, host, found: &once }.check(&truth, &[length], axes);
                let twice = run(context, &plan, &once);
                let same = once.iter().zip(&twice).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "not idempotent on {}\n{}", context.describe(), plan.explain());
            }
        }
    }
}

#[test]
fn norms_of_every_kind() {
    let norms = [Norm::L1, Norm::Linf, Norm::lp(3.0).unwrap(), Norm::lp(0.75).unwrap()];
    for (i, (shape, axes)) in forms().into_iter().enumerate() {
        let host = elements(&shape, axes, 11);
        let slices = reference::slices(axes, &shape).unwrap();
        for (j, norm) in norms.into_iter().enumerate() {
            for context in in_turn(i + j) {
                let source = context.upload(&host, &shape).unwrap();
                let layout = Layout::contiguous([slices.len()]).unwrap();
                let request = Request::norms(norm, axes, *source.layout(), layout);
                for plan in plans(&request, context, 2) {
                    let norms = context.zeros([slices.len()]).unwrap();
                    let _ = context.run(&plan, &source, &norms).unwrap();
                    let kappa = plan.margin().of(norm).kappa;
                    for (slice, found) in slices.iter().zip(norms.read().unwrap()) {
                        let slice: Vec<f64> = slice.iter().map(|&i| host[i].into()).collect();
                        let expected = crate::truth::norm_of(norm, &slice);
                        let error = (f64::from(found) - expected).abs();
                        let beyond = expected > f64::from(f32::MAX) && found.is_infinite();
                        let near = error <= kappa * expected;
                        assert!(near || beyond, "{found:e}, not {expected:e}\n{}", plan.explain());
                    }
                }
            }
        }
    }
}

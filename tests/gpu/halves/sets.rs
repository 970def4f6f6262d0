//! Every set under legal schedules against plain formulas in f64: what is found lies between the
//! roundings of the formula less and plus κ.

use normproj::{
    Axes, Compat, DType, Layout, Norm, Plan, Projection, Request, Rounding, bf16, f16, reference,
};

use super::{Half, bits, is_kept, plans, run};
use crate::contexts;
use crate::sets::Random;
use crate::truth::{Truth, norm_of, tolerance};

/// Shapes and axes that are rows, columns and strided, in loads of one and of four elements.
fn forms() -> Vec<(Vec<usize>, Axes)> {
    vec![
        (vec![7, 260], 1.into()),
        (vec![7, 77], 1.into()),
        (vec![130, 12], 0.into()),
        (vec![61, 7], 0.into()),
        (vec![3, 4, 5, 6, 3], [1, 3].into()),
        (vec![9], Axes::each()),
        (vec![2, 1], 0.into()),
    ]
}

/// Elements of about one magnitude a slice, over the range of the dtype; one slice of zeros.
fn elements<T: Half>(shape: &[usize], axes: Axes) -> Vec<T> {
    let mut random = Random(7);
    let scales = match T::DTYPE {
        DType::F16 => [1.0, 1e-3, 0.0, 6e4, 8e-7, 1e3, 40.0],
        _ => [1.0, 1e-3, 0.0, 3e37, 1e-34, 1e3, 40.0],
    };
    let mut host = vec![T::nearest(0.0); shape.iter().product()];
    for (i, slice) in reference::slices(axes, shape).unwrap().iter().enumerate() {
        for &element in slice {
            let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
            let x = T::nearest(sign * scales[i % 7] * random.unit().powi(3));
            // No zero that is negative: where a slice grows, zeros grow upward.
            host[element] = if is_kept(x) && x.into() != 0.0 { x } else { T::nearest(0.0) };
        }
    }
    host
}

struct Check<T> {
    plan: Plan,
    truth: Truth,
    rounding: Rounding,
    host: Vec<T>,
    found: Vec<T>,
}

impl<T: Half> Check<T> {
    fn rounded(&self, x: f64) -> f64 {
        match self.rounding {
            Rounding::TowardZero => T::toward_zero(x).into(),
            _ => T::nearest(x).into(),
        }
    }

    /// The norms that are inside: those that rounding leads to.
    fn inside(
        &self,
        norm: Norm,
        low: f64,
        high: f64,
        length: usize,
    ) -> std::ops::RangeInclusive<f64> {
        let grain = T::DTYPE.grain();
        let ones = norm_of(norm, &vec![1.0; length]);
        let (rise, fall) = match self.rounding {
            Rounding::TowardZero => (0.0, 2.0),
            _ => (1.0, 1.0),
        };
        let room = |grains: f64, c: f64| grains * (grain.relative * c + grain.absolute * ones);
        let slack = 1.5 * self.plan.margin().of(norm).kappa;
        let least = (low - room(fall, low)).max(0.0) * (1.0 - slack);
        least..=(high + room(rise, high)) * (1.0 + slack)
    }

    fn check(&self, axes: Axes) {
        for slice in reference::slices(axes, self.plan.request().source.shape()).unwrap() {
            let of = |from: &[T]| -> Vec<f64> { slice.iter().map(|&i| from[i].into()).collect() };
            self.check_slice(&of(&self.host), &of(&self.found));
        }
    }

    fn check_slice(&self, x: &[f64], y: &[f64]) {
        let explain = || format!("{:?} {:?}\n{}", self.truth, self.rounding, self.plan.explain());
        let (norm, low, high) = match self.truth {
            Truth::Scale { norm, low, high, .. } => (norm, low, high),
            Truth::Magnitudes { sum, exactly } => (Norm::L1, if exactly { sum } else { 0.0 }, sum),
            Truth::Simplex { sum } => (Norm::L1, sum, sum),
            Truth::Clamp { .. } => (Norm::Linf, 0.0, f64::INFINITY),
        };
        let inside = self.inside(norm, low, high, x.len());
        if self.truth.is_idempotent() && high.is_finite() && x.iter().any(|x| *x != 0.0) {
            let n = norm_of(norm, y);
            assert!(inside.contains(&n), "norm {n:e}, not {inside:?}\n{}", explain());
            // Between c and what rounding leads to a slice is kept.
            if x == y && inside.contains(&norm_of(norm, x)) {
                return;
            }
        }
        let expected = self.truth.of(x);
        let (relative, absolute) = tolerance(&self.truth, &self.plan, x, &expected);
        // What is scaled lands κ inside of c and of what rounding subnormals adds.
        let ones = norm_of(norm, &vec![1.0; x.len()]);
        let low = T::DTYPE.grain().absolute * ones / high;
        let low = if high > 0.0 { low } else { 0.0 };
        let relative = relative + self.plan.margin().of(norm).kappa * low;
        for ((x, y), t) in x.iter().zip(y).zip(&expected) {
            let error = relative * t.abs() + absolute;
            let (least, most) = (self.rounded(t - error), self.rounded(t + error));
            let lies = (least..=most).contains(y);
            assert!(lies, "{x:e} → {y:e}, not {t:e} in {least:e}..={most:e}\n{}", explain());
        }
    }
}

fn check<T: Half>(seed: usize, of: impl Fn(Axes) -> Projection, truth: Truth) {
    let mut checked = 0;
    // Limits are those of the adapter or of a browser, in turn.
    for (i, context) in contexts().enumerate().skip(seed % 2).step_by(2) {
        for (j, (shape, axes)) in forms().into_iter().enumerate() {
            let host: Vec<T> = elements(&shape, axes);
            let roundings = [Rounding::Feasible, Rounding::TowardZero];
            let projection = of(axes).rounding(roundings[(i / 2 + j) % 2]);
            let layout = Layout::contiguous(&shape).unwrap();
            let request = Request::in_place(projection, layout).of(T::DTYPE);
            for plan in plans(&request, context, seed + checked, 41) {
                let once = run(context, &plan, &host);
                let twice = run(context, &plan, &once);
                let (host, found) = (host.clone(), once.clone());
                let rounding = projection.rounds();
                Check { plan: plan.clone(), truth, rounding, host, found }.check(axes);
                if truth.is_idempotent() {
                    let same = bits(&once) == bits(&twice);
                    assert!(same, "not idempotent: {}\n{}", context.describe(), plan.explain());
                }
                checked += 1;
            }
        }
    }
    println!("{truth:?} of {}: {checked} results were right", T::DTYPE);
}

fn scale(norm: Norm, low: f64, high: f64) -> Truth {
    Truth::Scale { norm, low, high, rate: 1.0, epsilon: 0.0, always: false }
}

/// Radii for the range of the dtype: beside its largest numbers, ordinary, beside its smallest.
fn radii<T: Half>() -> [f64; 3] {
    match T::DTYPE {
        DType::F16 => [6e4, 1.5, 3e-6],
        _ => [3e38, 1.5, 1e-33],
    }
}

fn scaled<T: Half>() {
    let [large, ordinary, small] = radii::<T>();
    let cubes = Norm::lp(3.0).unwrap();
    for (seed, (norm, c)) in [
        (Norm::L1, large),
        (Norm::L2, large),
        (Norm::L2, ordinary),
        (Norm::L2, small),
        (Norm::Linf, small),
        (cubes, 1.0),
    ]
    .into_iter()
    .enumerate()
    {
        let ball = |axes| Projection::max_norm(c, axes).norm_in(norm);
        check::<T>(seed, ball, scale(norm, 0.0, c));
        let sphere = |axes| Projection::unit_norm(axes).norm_in(norm).with_radius(c);
        check::<T>(seed + 7, sphere, scale(norm, c, c));
    }
    let interval = |axes| Projection::min_max_norm(0.5, 2.0, axes);
    check::<T>(14, interval, scale(Norm::L2, 0.5, 2.0));
    let truth = |low, rate, epsilon, always| {
        let (norm, high) = (Norm::L2, 2.0);
        Truth::Scale { norm, low, high, rate, epsilon, always }
    };
    check::<T>(15, |axes| interval(axes).rate(0.25), truth(0.5, 0.25, 0.0, false));
    let keras = |axes| Projection::max_norm(2.0, axes).compat(Compat::Keras);
    check::<T>(16, keras, truth(0.0, 1.0, 1e-7, true));
}

#[test]
fn what_is_scaled() {
    scaled::<f16>();
    scaled::<bf16>();
}

fn clamped<T: Half>() {
    let bound = |x: f64| T::toward_zero(x).into();
    for (seed, (low, high)) in
        [(-1.1, 0.3), (0.0, f64::INFINITY), (0.7, 3e4)].into_iter().enumerate()
    {
        let high_bound = if high.is_finite() { bound(high) } else { high };
        let truth = Truth::Clamp { low: bound(low), high: high_bound };
        check::<T>(seed, |_| Projection::bounds(low, high), truth);
    }
    let c = 1e-3;
    let truth = Truth::Clamp { low: -bound(c), high: bound(c) };
    check::<T>(3, |axes| Projection::ball(Norm::Linf, c, axes), truth);
}

#[test]
fn what_is_clamped() {
    clamped::<f16>();
    clamped::<bf16>();
}

fn shrunk<T: Half>() {
    for (i, sum) in [0.0, 1.0, 5e4].into_iter().enumerate() {
        let ball = |axes| Projection::ball(Norm::L1, sum, axes);
        check::<T>(i, ball, Truth::Magnitudes { sum, exactly: false });
        if sum > 0.0 {
            let sphere = |axes| Projection::sphere(Norm::L1, sum, axes);
            check::<T>(i + 2, sphere, Truth::Magnitudes { sum, exactly: true });
            let simplex = |axes| Projection::simplex(sum, axes);
            check::<T>(i + 4, simplex, Truth::Simplex { sum });
        }
    }
}

#[test]
fn what_shrinks() {
    shrunk::<f16>();
    shrunk::<bf16>();
}

//! Random steps with fresh seeds: each against its definition, and the projection of what that gives.

use normproj::{Axes, Context, DType, Layout, Norm, Optimizer, Projection, Update, reference};
use proptest::prelude::*;
use proptest::sample::select;

use super::naive::{Naive, Rates};
use super::stepping;
use crate::properties::config;
use crate::run::{plans, serves};
use crate::values::{Fill, Value, for_dtype, least_normal};

/// A definition and the same update of the library.
fn updates(rates: Rates) -> Vec<(Naive, Update)> {
    let decayed = |update: Update| match rates.decoupled {
        0.0 => update.weight_decay(rates.coupled).scaled(rates.scale),
        decay => update.decoupled_weight_decay(decay).scaled(rates.scale),
    };
    let rate = rates.rate;
    let momentum = Update::momentum(rate, 0.875);
    let keras = momentum.rate_in_momentum();
    [
        (Naive::Sgd, Update::sgd(rate)),
        (Naive::Torch(0.875, 0.25, false), momentum.dampening(0.25)),
        (Naive::Torch(0.875, 0.0, true), momentum.nesterov()),
        (Naive::Keras(0.875, false), keras),
        (Naive::Keras(0.875, true), keras.nesterov()),
        (Naive::Adam(0.875, 0.96875, 1e-8), Update::adam(rate).betas(0.875, 0.96875)),
    ]
    .map(|(naive, update)| (naive, decayed(update)))
    .to_vec()
}

fn rates() -> impl Strategy<Value = Rates> {
    let decay = select(vec![(0.0, 0.0), (0.0625, 0.0), (0.0, 0.0625)]);
    (select(vec![0.125, 0.5, 1.0 / 1024.0]), select(vec![1.0, 0.25]), decay)
        .prop_map(|(rate, scale, (coupled, decoupled))| Rates { rate, scale, coupled, decoupled })
}

fn shapes() -> impl Strategy<Value = (Vec<usize>, Vec<i32>)> {
    select(vec![
        (vec![7, 33], vec![1]),
        (vec![64, 40], vec![0]),
        (vec![5, 4, 6], vec![0, 2]),
        (vec![3, 5, 4, 8], vec![0, 1, 2]),
        (vec![1000, 96], vec![1]),
        (vec![300, 512], vec![0]),
        (vec![130], vec![0]),
        (vec![2, 70_000], vec![1]),
    ])
}

/// Weights and what is remembered, in f64.
#[derive(Clone)]
struct Seen {
    weights: Vec<f64>,
    remembered: [Vec<f64>; 2],
}

impl Seen {
    fn of<T: Value>(optimizer: &Optimizer) -> Self {
        let wide = |buffer: &normproj::DeviceBuffer| -> Vec<f64> {
            buffer.read_as::<T>().expect("read").iter().map(|x| x.wide()).collect()
        };
        let weights = wide(optimizer.weights());
        let zeros = || vec![0.0; weights.len()];
        let remembered = [optimizer.first(), optimizer.second()];
        let remembered = remembered.map(|one| one.map_or_else(zeros, wide));
        Seen { weights, remembered }
    }
}

fn judged<T: Value>(
    context: &Context,
    (shape, axes): &(Vec<usize>, Vec<i32>),
    rates: Rates,
    (naive, update): (Naive, Update),
    c: f64,
    seed: u64,
) {
    let count: usize = shape.iter().product();
    let fill = |seed: u64, size: f64| -> Vec<T> {
        let one = |i| T::of(size * Fill::Normal.value::<f64>(seed, i));
        (0..count).map(one).collect()
    };
    let projection = Projection::max_norm(c, Axes::from(axes.as_slice()));
    let upload = |x: &[T]| context.upload_as(x, shape).expect("upload");
    let gradients: Vec<Vec<T>> = (1..=3).map(|t| fill(seed ^ t, 1.0)).collect();
    let optimizer = || {
        let weights = upload(&fill(seed, 0.5));
        Optimizer::new(update, projection, &weights).expect("valid")
    };
    let request = optimizer().request(&upload(&gradients[0]), true);
    for plan in plans(context, &request, seed) {
        let mut optimizer = optimizer();
        let kappa = plan.margin().of(Norm::L2).kappa;
        for (gradient, t) in gradients.iter().zip(1..) {
            let before = Seen::of::<T>(&optimizer);
            let pending = optimizer.step_by(plan.clone(), &upload(gradient)).expect("it runs");
            let report = pending.wait().expect("planned");
            let g: Vec<f64> = gradient.iter().map(|x| x.wide()).collect();
            let judge = Judge { naive, rates, t, before: &before, g: &g, projection, shape, kappa };
            let changed = judge.check::<T>(&Seen::of::<T>(&optimizer)).unwrap_or_else(|wrong| {
                let (by, on) = (plan.schedule(), context.describe());
                panic!("{wrong}: step {t} of {naive:?} {rates:?} by {by} on {on} of {shape:?}")
            });
            assert!(changed[0] <= report.changed && report.changed <= changed[1], "{report:?}");
        }
    }
}

struct Judge<'a> {
    naive: Naive,
    rates: Rates,
    t: i32,
    before: &'a Seen,
    g: &'a [f64],
    projection: Projection,
    shape: &'a [usize],
    /// How far inside a projection aims, relatively.
    kappa: f64,
}

impl Judge<'_> {
    /// The least and the most slices that may have been changed by the projection.
    fn check<T: Value>(&self, after: &Seen) -> Result<[u64; 2], String> {
        let unit = if T::DTYPE == DType::F64 { 2f64.powi(-53) } else { 2f64.powi(-24) };
        let grain = T::DTYPE.grain();
        let steps = (0..self.g.len()).map(|i| self.one(i));
        let (weights, remembered): (Vec<f64>, Vec<[f64; 2]>) = steps.unzip();
        let sizes: Vec<(f64, [f64; 2])> = (0..self.g.len()).map(|i| self.size(i)).collect();
        let tiny = grain.absolute + least_normal(T::DTYPE);
        for k in 0..2 {
            for (i, of) in remembered.iter().enumerate() {
                let allowed = 8.0 * unit * sizes[i].1[k] + grain.relative * of[k].abs() + tiny;
                let found = after.remembered[k][i];
                if (found - of[k]).abs() > allowed || found.is_nan() {
                    return Err(format!("moment {k} of element {i} is {found:e}, not {:e}", of[k]));
                }
            }
        }
        let layout = Layout::contiguous(self.shape).expect("small");
        let exact = reference::project(&self.projection, &weights, &layout).expect("valid");
        let c = reference::radius_in(T::DTYPE, self.projection.set().radius());
        let mut changed = [0; 2];
        for slice in reference::slices(self.projection.axes(), self.shape).expect("valid") {
            let square = |x: &dyn Fn(usize) -> f64| -> f64 {
                slice.iter().map(|&i| x(i) * x(i)).sum::<f64>().sqrt()
            };
            let rounding =
                |i: usize| 16.0 * unit * sizes[i].0 + grain.relative * weights[i].abs() + tiny;
            // Twice: what is scaled is rounded again.
            let allowed = 2.0 * square(&rounding)
                + (64.0 * unit + 4.0 * self.kappa) * c
                + 2.0 * grain.relative * c;
            // A projection brings nothing further apart.
            let off = square(&|i| after.weights[i] - exact[i]);
            if off > allowed || off.is_nan() {
                return Err(format!(
                    "slice of element {} is off by {off:e}, over {allowed:e}",
                    slice[0]
                ));
            }
            let norm = square(&|i| weights[i]);
            changed[0] += u64::from(norm > c + allowed);
            changed[1] += u64::from(norm > c - allowed);
        }
        Ok(changed)
    }

    fn one(&self, i: usize) -> (f64, [f64; 2]) {
        let remembered = [self.before.remembered[0][i], self.before.remembered[1][i]];
        self.naive.step(self.rates, self.t, self.before.weights[i], self.g[i], remembered)
    }

    /// What the rounding of each number is a part of.
    fn size(&self, i: usize) -> (f64, [f64; 2]) {
        let w = self.before.weights[i].abs();
        let [v, s] = self.before.remembered.each_ref().map(|one| one[i]);
        let g = self.rates.scale * self.g[i].abs() + self.rates.coupled * w;
        let first = v.abs() + g;
        let moved = match self.naive {
            Naive::Adam(beta, second, epsilon) => {
                let s = second * s
                    + (1.0 - second)
                        * (self.rates.scale * self.g[i]
                            + self.rates.coupled * self.before.weights[i])
                            .powi(2);
                let u = s / (1.0 - second.powi(self.t));
                // What g and a decay cancel is in s twice.
                let cancelled = g / (u.sqrt() + epsilon);
                (first / (1.0 - beta.powi(self.t)) / (u.sqrt() + epsilon)) * (1.0 + cancelled)
            }
            _ => first + g,
        };
        (w + self.rates.rate.max(1.0) * moved, [first, s + 2.0 * g * g])
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn steps_are_updates_and_projections(
        shape in shapes(),
        rates in rates(),
        number in 0..6usize,
        dtype in select(vec![DType::F32, DType::F32, DType::F16, DType::BF16, DType::F64]),
        c in select(vec![0.25, 1.0, 4.0, 1e3]),
        seed in any::<u64>(),
    ) {
        for context in stepping().filter(|context| serves(context, dtype)) {
            let update = updates(rates)[number];
            for_dtype!(dtype, T => judged::<T>(context, &shape, rates, update, c, seed));
        }
    }
}

#[test]
fn a_step_that_is_off_is_caught() {
    let rates = Rates { rate: 0.5, scale: 1.0, coupled: 0.0, decoupled: 0.0 };
    let before =
        Seen { weights: vec![0.5, -0.25, 2.0, 1.0], remembered: [vec![0.5; 4], vec![0.25; 4]] };
    let g = [1.0, -1.0, 0.5, 0.25];
    for (naive, _) in updates(rates) {
        let projection = Projection::max_norm(1.0, 1);
        let judge = Judge {
            naive,
            rates,
            t: 2,
            before: &before,
            g: &g,
            projection,
            shape: &[2, 2],
            kappa: 0.0,
        };
        let steps: Vec<(f64, [f64; 2])> = (0..4).map(|i| judge.one(i)).collect();
        let weights: Vec<f64> = steps.iter().map(|step| step.0).collect();
        let layout = Layout::contiguous([2, 2]).expect("small");
        let remembered = [0, 1].map(|k| steps.iter().map(|step| step.1[k]).collect::<Vec<f64>>());
        let right = Seen {
            weights: reference::project(&projection, &weights, &layout).expect("valid"),
            remembered,
        };
        assert!(judge.check::<f32>(&right).is_ok(), "{naive:?}");
        let mut off = right.clone();
        off.weights[2] += 3e-5;
        assert!(judge.check::<f32>(&off).is_err(), "{naive:?}");
        if !matches!(naive, Naive::Sgd) {
            let mut off = right.clone();
            off.remembered[0][1] += 3e-5;
            assert!(judge.check::<f32>(&off).is_err(), "{naive:?}");
        }
        let unprojected = Seen { weights, ..right };
        assert!(judge.check::<f32>(&unprojected).is_err(), "{naive:?}");
    }
}

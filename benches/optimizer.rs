//! Steps of optimizers that end inside a set: in one go, and as a step and a projection.
//!
//! `cargo bench --bench optimizer -- --shape 16384x4096 --rounds 7` on the native CPU backend. Every slice violates; the
//! two results are compared before they are timed.

use std::time::Instant;

use clap::Parser;
use normproj::{Context, DeviceBuffer, Optimizer, Projection, Update};

#[derive(Parser)]
struct Arguments {
    /// Rows and columns.
    #[arg(long, default_value = "4096x1024", value_parser = shape)]
    shape: [usize; 2],
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Only cases whose name holds this: rows/sgd, columns/adam ...
    #[arg(default_value = "")]
    only: String,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn shape(text: &str) -> Result<[usize; 2], String> {
    let sizes = text.split_once('x').map(|(rows, columns)| (rows.parse(), columns.parse()));
    match sizes {
        Some((Ok(rows), Ok(columns))) => Ok([rows, columns]),
        _ => Err(format!("`{text}` is not of the form 4096x1024")),
    }
}

/// One set of slices and an update.
struct Case<'a> {
    context: &'a Context,
    shape: [usize; 2],
    projection: Projection,
    update: Update,
    before: &'a [f32],
    gradient: &'a DeviceBuffer,
}

/// Weights that take steps, projected in one go or afterwards.
struct Work {
    weights: DeviceBuffer,
    optimizer: Optimizer,
    afterwards: Option<Projection>,
}

impl Case<'_> {
    fn work(&self, fused: bool) -> Work {
        let weights = self.context.upload(self.before, self.shape).expect("memory");
        let free = self.projection.with_radius(f64::INFINITY);
        let own = if fused { self.projection } else { free };
        let optimizer = Optimizer::new(self.update, own, &weights).expect("a legal request");
        Work { weights, optimizer, afterwards: (!fused).then_some(self.projection) }
    }

    /// Bytes an element by the plans of both.
    fn bytes(&self, work: &Work) -> f64 {
        let request = work.optimizer.request(self.gradient, false);
        let step = self.context.plan(&request).expect("a legal request").cost();
        let after = work.afterwards.map_or(0.0, |projection| {
            let request = normproj::Request::in_place(projection, *work.weights.layout());
            self.context.plan(&request).expect("a legal request").cost().bytes_per_element(1.0)
        });
        // Where the set is everything nothing is projected.
        let v = if work.afterwards.is_some() { 0.0 } else { 1.0 };
        step.bytes_per_element(v) + after
    }

    /// Seconds of a step, from the same weights each time.
    fn time(&self, work: &mut Work) -> f64 {
        work.weights.write(self.before).expect("writable");
        let start = Instant::now();
        work.optimizer.step(self.gradient).expect("a legal request");
        if let Some(projection) = &work.afterwards {
            self.context.project(projection, &work.weights).expect("a legal request");
        }
        start.elapsed().as_secs_f64()
    }
}

fn main() {
    let Arguments { shape, rounds, only, .. } = Arguments::parse();
    let context = Context::cpu();
    let before = uniform(1, shape[0] * shape[1]);
    let gradient = context.upload(&uniform(2, before.len()), shape).expect("memory");
    println!(
        "{}; f32, {} x {}, the least of {rounds} rounds\n",
        context.describe(),
        shape[0],
        shape[1]
    );
    println!(
        "| update | over | fused, ms | B an element | apart, ms | B an element | apart of fused |"
    );
    println!("|---|---|---|---|---|---|---|");
    let momentum = Update::momentum(1e-3, 0.9);
    let updates =
        [("sgd", Update::sgd(1e-3)), ("momentum", momentum), ("adam", Update::adam(1e-3))];
    for (name, update) in updates {
        for (over, axis) in [("rows", 1), ("columns", 0)] {
            if !format!("{over}/{name}").contains(&only) {
                continue;
            }
            let length = shape[axis as usize] as f64;
            let projection = Projection::max_norm(0.5 * (length / 3.0).sqrt(), axis);
            let (before, gradient) = (&before[..], &gradient);
            let case = Case { context: &context, shape, projection, update, before, gradient };
            let mut works = [case.work(true), case.work(false)];
            for work in &mut works {
                case.time(work);
            }
            compare(&works);
            let mut least = [f64::INFINITY; 2];
            for _ in 0..rounds {
                for (least, work) in least.iter_mut().zip(&mut works) {
                    *least = least.min(case.time(work));
                }
            }
            let [fused, apart] = least.map(|time| 1e3 * time);
            let [few, many] = works.each_ref().map(|work| case.bytes(work));
            println!(
                "| {update} | {over} | {fused:.2} | {few} | {apart:.2} | {many} | {:.2} |",
                apart / fused
            );
        }
    }
}

fn compare(works: &[Work; 2]) {
    let [a, b] = works.each_ref().map(|work| work.weights.read().expect("readable"));
    let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    assert!(far <= 1e-6, "the two are {far:e} apart");
}

/// Elements in [-1, 1), the same everywhere.
fn uniform(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

//! Every set and dtype on one backend, beside max-norm of f32, which moves the same bytes.
//!
//! Each round times max-norm and then the set in every dtype, so that what else the machine does meets all of
//! them; the tables hold the least of many rounds and quotients of those. Small shapes are compared with
//! the oracle before they are timed; the input is restored outside the timed span.
//!
//! `cargo bench --bench sets -- --shape 16384x4096 rows/l1` times the cases whose name contains `rows/l1`, on
//! the native CPU backend; `--adapter lavapipe` on an adapter, by part of its name or backend.

use std::time::Instant;

use clap::Parser;
use normproj::{
    Axes, Context, DType, DeviceBuffer, Element, Layout, Norm, Projection, Request, bf16, f16,
    reference,
};

/// What elements are rounded to.
trait Rounded: Element {
    /// Half the spacing at 1 of 16 bits; that of the others is part of κ.
    const GRAIN: f64;

    fn of(x: f64) -> Self;
}

macro_rules! rounded {
    ($($float:ty, $grain:expr, $of:expr;)*) => {$(
        impl Rounded for $float {
            const GRAIN: f64 = $grain;

            fn of(x: f64) -> Self {
                $of(x)
            }
        }
    )*};
}

rounded! {
    f32, 0.0, |x| x as f32;
    f16, 1.0 / 2048.0, f16::from_f64;
    bf16, 1.0 / 256.0, bf16::from_f64;
    f64, 0.0, |x| x;
}

/// Over rows and over columns.
const WALKS: [(&str, i32); 2] = [("rows", 1), ("columns", 0)];

/// More elements than this are not compared with the oracle, which would take minutes.
const COMPARED: usize = 1 << 23;

#[derive(Parser)]
struct Arguments {
    /// Parts of names of the form `rows/ball_l1`; all cases if there is none.
    filters: Vec<String>,
    /// Rows and columns.
    #[arg(long, default_value = "4096x1024", value_parser = shape)]
    shape: [usize; 2],
    #[arg(long, default_value_t = 41)]
    rounds: usize,
    /// An adapter, or the native CPU backend.
    #[arg(long, default_value = "cpu")]
    adapter: String,
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

/// Every set, with a radius that all slices of uniform elements violate.
fn sets(shape: [usize; 2], axis: i32) -> Vec<(&'static str, Projection)> {
    let length = shape[axis as usize] as f64;
    let lp = |p| Norm::lp(p).expect("in range");
    let axes = || Axes::from(axis);
    // Half of the mean of |x|ᵖ, summed.
    let half = |p: f64| 0.5 * (length / (p + 1.0)).powf(p.recip());
    let max_norm = |p: f64| Projection::max_norm(half(p), axes());
    vec![
        ("max_norm", max_norm(2.0)),
        ("max_norm_l1", max_norm(1.0).norm_in(Norm::L1)),
        ("max_norm_linf", Projection::max_norm(0.5, axes()).norm_in(Norm::Linf)),
        ("max_norm_l3", max_norm(3.0).norm_in(lp(3.0))),
        ("max_norm_l0.5", max_norm(0.5).norm_in(lp(0.5))),
        ("max_norm_l1.7", max_norm(1.7).norm_in(lp(1.7))),
        ("unit_norm", Projection::unit_norm(axes())),
        ("min_max_norm", Projection::min_max_norm(0.1, half(2.0), axes())),
        ("ball_l2", Projection::ball(Norm::L2, half(2.0), axes())),
        ("ball_l1", Projection::ball(Norm::L1, half(1.0), axes())),
        ("ball_l1_sparse", Projection::ball(Norm::L1, 1.0, axes())),
        ("ball_linf", Projection::ball(Norm::Linf, 0.5, axes())),
        ("sphere_l2", Projection::sphere(Norm::L2, 1.0, axes())),
        ("sphere_l1", Projection::sphere(Norm::L1, 4.0 * half(1.0), axes())),
        ("simplex", Projection::simplex(1.0, axes())),
        ("bounds", Projection::bounds(-0.5, 0.5)),
        ("non_negative", Projection::non_negative()),
        ("clip_rms", Projection::clip_rms(0.25, axes())),
    ]
}

fn main() {
    let Arguments { filters, shape, rounds, adapter, .. } = Arguments::parse();
    let context = Context::named(&adapter).expect("an adapter of this name");
    eprintln!("{}", context.describe());
    let host = uniform(shape[0] * shape[1]);
    for (walk, axis) in WALKS {
        println!("\n{walk} of {} x {}, the least of {rounds} rounds\n", shape[0], shape[1]);
        println!("| set | v | f32, ms | of max-norm | f16 of f32 | bf16 of f32 | f64 of f32 |");
        println!("|---|---|---|---|---|---|---|");
        let sets = sets(shape, axis);
        let chosen = |name: &str| {
            let name = format!("{walk}/{name}");
            filters.is_empty() || filters.iter().any(|part| name.contains(part))
        };
        for (name, projection) in sets.iter().filter(|(name, _)| chosen(name)) {
            let case = |projection| Case { context: &context, projection, shape };
            let (base, set) = (case(sets[0].1), case(*projection));
            let mut timed: Vec<[Box<dyn Timed + '_>; 2]> = vec![
                base.of::<f32>(&host),
                set.of::<f32>(&host),
                set.of::<f16>(&host),
                set.of::<bf16>(&host),
            ];
            if set.is_served(DType::F64) {
                timed.push(set.of::<f64>(&host));
            }
            for (v, violating) in [(0, 1), (1, 0)] {
                let mut least = vec![f64::INFINITY; timed.len()];
                for _ in 0..rounds {
                    for (least, each) in least.iter_mut().zip(&mut timed) {
                        *least = least.min(each[violating].time());
                    }
                }
                let of = |(i, j): (usize, usize)| least.get(i).map(|time| time / least[j]);
                let cell = |pair| of(pair).map_or(" |".to_string(), |q| format!(" {q:.2} |"));
                let cells: String = [(1, 0), (2, 1), (3, 1), (4, 1)].map(cell).concat();
                println!("| {name} | {v} | {:.4} |{cells}", 1e3 * least[1]);
            }
        }
    }
}

/// A projection of one shape.
struct Case<'a> {
    context: &'a Context,
    projection: Projection,
    shape: [usize; 2],
}

/// What is timed, again and again.
trait Timed {
    /// Seconds.
    fn time(&mut self) -> f64;
}

struct Work<'a, T> {
    case: &'a Case<'a>,
    before: Vec<T>,
    work: DeviceBuffer,
    /// Whether nothing changes.
    inside: bool,
}

impl<T: Element> Timed for Work<'_, T> {
    fn time(&mut self) -> f64 {
        if !self.inside {
            self.work.write(&self.before).expect("writable");
            self.case.wait();
        }
        let start = Instant::now();
        self.case.project(&self.work);
        start.elapsed().as_secs_f64()
    }
}

impl Case<'_> {
    /// Where every slice violates it, and where none does: after it was projected.
    fn of<T: Rounded>(&self, host: &[f64]) -> [Box<dyn Timed + '_>; 2] {
        let host: Vec<T> = host.iter().map(|&x| T::of(x)).collect();
        let work = self.upload(&host);
        self.project(&work);
        let projected: Vec<T> = work.read_as().expect("readable");
        if host.len() <= COMPARED {
            self.compare(&host, &projected);
        }
        let inside = self.upload(&projected);
        let inside = Work { case: self, before: Vec::<T>::new(), work: inside, inside: true };
        [Box::new(Work { case: self, before: host, work, inside: false }), Box::new(inside)]
    }

    fn upload<T: Element>(&self, host: &[T]) -> DeviceBuffer {
        self.context.upload_as(host, self.shape).expect("memory")
    }

    fn project(&self, work: &DeviceBuffer) {
        self.context.project(&self.projection, work).expect("a legal request");
        self.wait();
    }

    /// A GPU queues its work; what is timed is its end.
    fn wait(&self) {
        if let Some(gpu) = self.context.as_gpu() {
            gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("the device is there");
        }
    }

    /// Not every adapter has f64.
    fn is_served(&self, dtype: DType) -> bool {
        let layout = Layout::contiguous(self.shape).expect("a small shape");
        self.context.plan(&Request::in_place(self.projection, layout).of(dtype)).is_ok()
    }

    /// Compares what the backend makes of a tensor with the oracle.
    fn compare<T: Rounded>(&self, host: &[T], found: &[T]) {
        let Case { context, projection, shape } = self;
        let layout = Layout::contiguous(shape).expect("a small shape");
        let request = Request::in_place(*projection, layout).of(T::DTYPE);
        let margin = context.plan(&request).expect("a legal request").margin();
        let kappa = margin.of(Norm::L1).kappa.max(margin.of(request.norm()).kappa);
        let exact = reference::project(projection, host, &layout).expect("a legal request");
        for (i, (&y, &exact)) in found.iter().zip(&exact).enumerate() {
            let y: f64 = y.into();
            let bound =
                (2.0 * kappa + T::GRAIN) * exact.abs() + 2.0 * kappa + T::GRAIN * 2f64.powi(-13);
            assert!((y - exact).abs() <= bound, "{projection}: element {i}: {y}, not {exact}");
        }
        let bytes = bytemuck::bytes_of::<T>;
        let stayed = found.iter().zip(host).filter(|(y, x)| bytes(y) == bytes(x));
        assert!(stayed.count() < host.len() * 3 / 4, "{projection} did nothing");
    }
}

/// Elements in [-1, 1), the same everywhere.
fn uniform(count: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

//! Tensors of up to 1 GiB. Sums in f64 take the place of the oracle: with m terms they are within
//! `m·2⁻⁵³` of exact, far inside every margin.

use std::sync::Mutex;

use normproj::plan::margin::Margin;
use normproj::plan::request::Task;
use normproj::{Layout, Projection, Request, reference};
use rayon::prelude::*;

use crate::contexts::contexts;
use crate::run::same_bits;
use crate::values::hash;

/// How slices lie in memory.
#[derive(Clone, Copy, PartialEq)]
enum Slices {
    /// One after another, this long.
    Rows(usize),
    /// Side by side, this many.
    Columns(usize),
}

/// One of these at a time: each needs a few GiB.
static MEMORY: Mutex<()> = Mutex::new(());
/// Elements that a thread takes at once.
const BLOCK: usize = 1 << 18;

impl Slices {
    fn of(self, element: usize) -> usize {
        match self {
            Slices::Rows(length) => element / length,
            Slices::Columns(count) => element % count,
        }
    }

    fn length(self, elements: usize) -> usize {
        match self {
            Slices::Rows(length) => length,
            Slices::Columns(count) => elements / count,
        }
    }

    /// Uniform numbers, in half of the slices (and in the first) three times as large.
    fn values(self, elements: usize) -> Vec<f32> {
        let value = |element: usize| {
            let uniform = (hash(1, element) >> 40) as f32 / (1 << 23) as f32 - 1.0;
            let slice = self.of(element);
            if slice == 0 || hash(2, slice) & 1 == 1 { 1.5 * uniform } else { 0.5 * uniform }
        };
        (0..elements).into_par_iter().map(value).collect()
    }
}

/// A bound between the two kinds of slices: uniform numbers have the mean square 1/3.
fn radius(length: usize) -> f64 {
    (length as f64 / 3.0).sqrt()
}

/// The sum of the squares of each slice.
fn sums(slices: Slices, values: &[f32]) -> Vec<f64> {
    let elements = values.len();
    let square = |i: usize| f64::from(values[i]) * f64::from(values[i]);
    let blocks = |start: usize, length: usize| {
        let ranges = (0..length.div_ceil(BLOCK)).into_par_iter();
        ranges.map(move |block| start + block * BLOCK..start + length.min((block + 1) * BLOCK))
    };
    match slices {
        Slices::Rows(length) if length > BLOCK => (0..elements / length)
            .map(|row| {
                blocks(row * length, length).map(|range| range.map(square).sum::<f64>()).sum()
            })
            .collect(),
        Slices::Rows(length) => (0..elements / length)
            .into_par_iter()
            .map(|row| (row * length..(row + 1) * length).map(square).sum())
            .collect(),
        Slices::Columns(count) => {
            let add = |mut sums: Vec<f64>, row: usize| {
                sums.iter_mut().enumerate().for_each(|(j, sum)| *sum += square(row * count + j));
                sums
            };
            let both = |mut a: Vec<f64>, b: Vec<f64>| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            };
            let none = || vec![0.0; count];
            let rows = (0..elements / count).into_par_iter().with_min_len(1024);
            rows.fold(none, add).reduce(none, both)
        }
    }
}

/// The promises, by sums in f64; a slice that these cannot place is only asked to be accurate.
fn check(
    slices: Slices,
    given: &[f32],
    before: &[f64],
    found: &[f32],
    c: f64,
    margin: Margin,
) -> Result<(), String> {
    let error = slices.length(found.len()) as f64 * 2f64.powi(-53);
    let after = sums(slices, found);
    let inside = |s: usize| before[s] * (1.0 + error) <= (c * (1.0 - margin.sigma)).powi(2);
    let outside = |s: usize| before[s] * (1.0 - error) > c * c;
    let counted = |is: &(dyn Fn(usize) -> bool + Sync)| {
        (0..before.len()).into_par_iter().filter(|&s| is(s)).count()
    };
    let (kept, scaled) = (counted(&inside), counted(&outside));
    assert!((kept + scaled) as f64 > 0.999 * before.len() as f64, "too many at the rim");
    assert!(scaled > 0 && (kept > 0 || before.len() == 1), "{kept} inside, {scaled} outside");
    for (s, &sum) in after.iter().enumerate() {
        // A slice that is scaled lands far enough inside for these sums to tell.
        let worst = if outside(s) { 1.0 + error } else { 1.0 - error };
        let lands = sum * worst <= c * c;
        if !lands {
            return Err(format!("slice {s} has norm {:e} over {c:e}", sum.sqrt()));
        }
    }
    let wrong = found.par_iter().enumerate().find_map_first(|(i, &y)| {
        let (x, s) = (given[i], slices.of(i));
        let exact = f64::from(x) * (c / before[s].sqrt()).min(1.0);
        let off = (f64::from(y) - exact).abs();
        let allowed = 2.0 * margin.kappa * exact.abs() + 2f64.powi(-126);
        let right = if inside(s) { x.to_bits() == y.to_bits() } else { off <= allowed };
        (!right).then(|| format!("element {i} of slice {s}: {x:e} became {y:e}, exactly {exact:e}"))
    });
    wrong.map_or(Ok(()), Err)
}

fn prove_large(shape: [usize; 2], axis: i32, slices: Slices) {
    let given = || slices.values(shape[0] * shape[1]);
    prove_values(&request(shape, axis, slices), slices, given);
}

fn prove_values(request: &Request, slices: Slices, given: impl FnOnce() -> Vec<f32>) {
    let _alone = MEMORY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (given, shape) = (given(), request.source.shape());
    let before = sums(slices, &given);
    let Task::Project(projection) = request.task else { panic!("not a projection") };
    for context in contexts() {
        let margin = context.plan(request).expect("a valid request").margin();
        let buffer = context.upload(&given, shape).expect("upload");
        context.project(&projection, &buffer).expect("project");
        let once = buffer.read().expect("read");
        let c = reference::radius(projection.radius());
        if let Err(wrong) = check(slices, &given, &before, &once, c, margin) {
            panic!("{}: {wrong}", context.describe());
        }
        context.project(&projection, &buffer).expect("project");
        let twice = buffer.read().expect("read");
        assert!(same_bits(&once, &twice), "{}: the second time differs", context.describe());
    }
}

fn request(shape: [usize; 2], axis: i32, slices: Slices) -> Request {
    let layout = Layout::contiguous(shape).expect("it can be counted");
    let radius = radius(slices.length(layout.len()));
    Request::in_place(Projection::max_norm(radius, axis), layout)
}

/// The same slices under another shape: once the unit axis is dropped, nothing differs.
fn same_work(first: Request, second: Request) {
    for context in contexts() {
        let [first, second] = [&first, &second].map(|r| context.plan(r).expect("a valid request"));
        assert_eq!(first.geometry(), second.geometry());
        assert_eq!(first.schedule(), second.schedule());
    }
}

const MANY: usize = 50_000_000;
const SIDE: usize = 16_384;

#[test]
fn fifty_million_slices_of_one() {
    let slices = Slices::Rows(1);
    prove_large([1, MANY], 0, slices);
    same_work(request([1, MANY], 0, slices), request([MANY, 1], 1, slices));
}

#[test]
fn one_slice_of_fifty_million() {
    let slices = Slices::Rows(MANY);
    prove_large([MANY, 1], 0, slices);
    same_work(request([MANY, 1], 0, slices), request([1, MANY], 1, slices));
}

/// Equal numbers: a long chain of additions would be off by the same way each time.
#[test]
fn one_slice_of_2_to_the_27_thousandths() {
    let elements = 1 << 27;
    let layout = Layout::contiguous([elements]).expect("it can be counted");
    let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
    prove_values(&request, Slices::Rows(elements), || vec![1e-3; elements]);
}

#[test]
fn a_gibibyte_of_columns() {
    prove_large([SIDE, SIDE], 0, Slices::Columns(SIDE));
}

#[test]
fn a_gibibyte_of_rows() {
    prove_large([SIDE, SIDE], 1, Slices::Rows(SIDE));
}

#[test]
fn a_gibibyte_in_one_slice() {
    prove_large([1, SIDE * SIDE], 1, Slices::Rows(SIDE * SIDE));
}

#[test]
fn planted_errors_are_caught() {
    for slices in [Slices::Rows(300), Slices::Columns(200), Slices::Rows(60_000)] {
        let (given, margin, c) = (slices.values(60_000), Margin::f32(20), 10.0);
        let before = sums(slices, &given);
        let factor = |i: usize| (c * (1.0 - margin.kappa) / before[slices.of(i)].sqrt()).min(1.0);
        let honest = |i: usize| (f64::from(given[i]) * factor(i)) as f32;
        let judged = |spoil: &dyn Fn(usize, f32) -> f32| {
            let found: Vec<f32> = (0..given.len()).map(|i| spoil(i, honest(i))).collect();
            check(slices, &given, &before, &found, c, margin).is_ok()
        };
        assert!(judged(&|_, y| y));
        assert!(!judged(&|_, y| y * (1.0 + 2f32.powi(-18))), "over the radius");
        assert!(!judged(&|i, _| given[i]), "nothing is scaled");
        assert!(!judged(&|_, y| y * (1.0 - 2f32.powi(-16))), "shrunk too far, or not kept");
        assert!(!judged(&|i, y| if i == 7 { f32::NAN } else { y }));
        let kept = (0..given.len()).find(|&i| factor(i) == 1.0);
        let ulp = |i: usize, y: f32| if Some(i) == kept { y.next_down() } else { y };
        assert_eq!(judged(&ulp), kept.is_none(), "an ulp in a kept slice");
    }
}

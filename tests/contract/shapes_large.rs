//! Tensors of up to 1 GiB. Their values are computed, not stored, and sums in f64 take the place
//! of the oracle: with m terms they are within `m·2⁻⁵³` of exact, far inside every margin.

use std::sync::Mutex;

use normproj::plan::margin::Margin;
use normproj::{Context, DeviceBuffer, Layout, Projection, Request};
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
    fn value(self, element: usize) -> f32 {
        let uniform = (hash(1, element) >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let slice = self.of(element);
        if slice == 0 || hash(2, slice) & 1 == 1 { 1.5 * uniform } else { 0.5 * uniform }
    }
}

/// A bound between the two kinds of slices: uniform numbers have the mean square 1/3.
fn radius(length: usize) -> f64 {
    (length as f64 / 3.0).sqrt()
}

/// The sum of the squares of each slice.
fn sums(slices: Slices, elements: usize, value: impl Fn(usize) -> f32 + Sync) -> Vec<f64> {
    let square = |i: usize| f64::from(value(i)).powi(2);
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
fn check(slices: Slices, found: &[f32], c: f64, margin: Margin) {
    let length = slices.length(found.len());
    let error = length as f64 * 2f64.powi(-53);
    let before = sums(slices, found.len(), |i| slices.value(i));
    let after = sums(slices, found.len(), |i| found[i]);
    let inside = |s: usize| before[s] * (1.0 + error) <= (c * (1.0 - margin.sigma)).powi(2);
    let outside = |s: usize| before[s] * (1.0 - error) > c * c;
    let counted = |is: &(dyn Fn(usize) -> bool + Sync)| {
        (0..before.len()).into_par_iter().filter(|&s| is(s)).count()
    };
    let (kept, scaled) = (counted(&inside), counted(&outside));
    assert!((kept + scaled) as f64 > 0.999 * before.len() as f64, "too many at the rim");
    assert!(scaled > 0 && (kept > 0 || before.len() == 1), "{kept} inside, {scaled} outside");
    for (s, &sum) in after.iter().enumerate() {
        assert!(sum * (1.0 - error) <= c * c, "slice {s} has norm {:e} over {c:e}", sum.sqrt());
        let lands = sum * (1.0 + error) <= c * c;
        assert!(lands || !outside(s), "slice {s} is scaled to {:e}, too near {c:e}", sum.sqrt());
    }
    let wrong = found.par_iter().enumerate().find_map_first(|(i, &y)| {
        let (x, s) = (slices.value(i), slices.of(i));
        let exact = f64::from(x) * (c / before[s].sqrt()).min(1.0);
        let off = (f64::from(y) - exact).abs();
        let allowed = 2.0 * margin.kappa * exact.abs() + 2f64.powi(-126);
        let right = if inside(s) { x.to_bits() == y.to_bits() } else { off <= allowed };
        (!right).then(|| format!("element {i} of slice {s}: {x:e} became {y:e}, exactly {exact:e}"))
    });
    assert_eq!(wrong, None);
}

fn prove_large(shape: [usize; 2], axis: i32, slices: Slices) {
    let _alone = MEMORY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let elements = shape[0] * shape[1];
    let layout = Layout::contiguous(shape).expect("it can be counted");
    let projection = Projection::max_norm(radius(slices.length(elements)), axis);
    for context in contexts() {
        let plan = context.plan(&Request::in_place(projection, layout)).expect("a valid request");
        let buffer = upload(context, shape, slices);
        context.project(&projection, &buffer).expect("project");
        let once = buffer.read().expect("read");
        let c = normproj::reference::radius(projection.radius());
        check(slices, &once, c, plan.margin());
        context.project(&projection, &buffer).expect("project");
        let twice = buffer.read().expect("read");
        assert!(same_bits(&once, &twice), "{}: the second time differs", context.describe());
    }
}

fn upload(context: &Context, shape: [usize; 2], slices: Slices) -> DeviceBuffer {
    let values = (0..shape[0] * shape[1]).into_par_iter().map(|i| slices.value(i));
    context.upload(&values.collect::<Vec<f32>>(), shape).expect("upload")
}

const MANY: usize = 50_000_000;
const SIDE: usize = 16_384;

#[test]
fn fifty_million_slices_of_one() {
    prove_large([1, MANY], 0, Slices::Rows(1));
    prove_large([MANY, 1], 1, Slices::Rows(1));
}

#[test]
fn one_slice_of_fifty_million() {
    prove_large([1, MANY], 1, Slices::Rows(MANY));
    prove_large([MANY, 1], 0, Slices::Rows(MANY));
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

//! Thousands of slices within an ulp of where the decision falls: at the radius, at `c·(1 − σ)`,
//! at the target. Half of such columns end above c in other libraries.

use normproj::plan::margin::Margin;
use normproj::plan::rule::Rule;
use normproj::{Context, DType, Layout, Norm, Projection, Request, Rounding, reference};

use crate::contexts::contexts;
use crate::judge::{Limits, Stats};
use crate::run::{plans, prove, serves};
use crate::values::{Value, for_dtype, hash, normal};

const LENGTHS: [usize; 7] = [1, 2, 3, 17, 64, 257, 1500];

/// Radii over the range of a dtype, and one that its elements cannot reach.
fn radii(dtype: DType) -> [f64; 6] {
    match dtype {
        DType::F16 => [1.0, 0.1, 3.0, 1e-3, 6e4, 1e5],
        DType::F64 => [1.0, 0.1, 3.0, 1e-300, 1.7e308, 1e200],
        _ => [1.0, 0.1, 3.0, 1e-30, 1.7e38, 5e38],
    }
}

/// Where a slice shall lie, as multiples of the radius.
fn aims<T: Value>(projection: &Projection, length: usize, margin: Margin) -> Vec<f64> {
    let Margin { sigma, kappa, .. } = margin;
    let centres = [1.0, 1.0 - sigma, 1.0 - 0.5 * sigma, 1.0 - kappa, 1.0 + sigma];
    let ulp = 2f64.powi(-(T::MANTISSA as i32));
    let steps = [-ulp, -0.5 * ulp, 0.0, 0.5 * ulp, ulp];
    let limits = Limits::new(projection, T::DTYPE, length, margin);
    // What 16 bits may end above the radius.
    let room = limits.above(limits.high) / limits.high;
    centres.iter().flat_map(|centre| steps.map(|step| room * centre * (1.0 + step))).collect()
}

/// A slice whose exact norm is as near to `norm` as one small element can take it, on the side
/// that is asked for; none if an element would have to leave its dtype.
fn slice<T: Value>(length: usize, norm: f64, above: bool, seed: u64) -> Option<Vec<T>> {
    let direction: Vec<f64> = (1..length).map(|i| f64::from(normal(hash(seed, i)))).collect();
    // A little short, so that the last element has something to make up.
    let scale = 0.9999 * norm / direction.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut slice: Vec<T> = direction.iter().map(|x| T::of(x * scale)).collect();
    let rest = reference::norm(Norm::L2, &slice) / norm;
    let mut last = T::of(norm * (1.0 - rest * rest).max(0.0).sqrt());
    slice.push(last);
    if !slice.iter().all(|x| x.is_finite()) {
        return None;
    }
    let mut exceeds = |last: T| {
        slice[length - 1] = last;
        reference::exceeds(&slice, norm)
    };
    let largest = T::of(T::DTYPE.largest()).bits();
    let mut exceeds = |bits: u64| exceeds(T::from_bits(bits));
    let (mut low, mut high, mut step) = (last.bits(), last.bits() + 1, 1);
    while exceeds(low) {
        (low, step) = (low.checked_sub(step)?, 2 * step);
    }
    while high < largest && !exceeds(high) {
        (high, step) = ((high + step).min(largest), 2 * step);
    }
    // The largest value that does not exceed the norm, and the smallest that does.
    while high - low > 1 {
        let middle = low.midpoint(high);
        if exceeds(middle) { high = middle } else { low = middle }
    }
    last = T::from_bits(if above { high } else { low });
    slice[length - 1] = last;
    Some(slice)
}

/// How many slices there are of each length around each radius.
const COUNT: usize = 100;

/// Slices of one length around one radius; zeros where there is no such slice of the dtype.
fn slices<T: Value>(length: usize, projection: &Projection, margin: Margin) -> Vec<Vec<T>> {
    let radius = reference::radius_in(T::DTYPE, projection.radius());
    let aims = aims::<T>(projection, length, margin);
    let aimed = |number: usize| {
        let aim = aims[number / 2 % aims.len()];
        slice(length, radius * aim, number % 2 == 1, number as u64)
    };
    (0..COUNT).map(|number| aimed(number).unwrap_or_else(|| vec![T::of(0.0); length])).collect()
}

fn prove_all<T: Value>(context: &Context, length: usize, radius: f64, rounding: Rounding) -> Stats {
    let mut total = Stats::default();
    for axis in [0, 1] {
        let projection = Projection::max_norm(radius, axis).rounding(rounding);
        let shape = if axis == 0 { [length, COUNT] } else { [COUNT, length] };
        let layout = Layout::contiguous(shape).expect("small");
        let request = Request::in_place(projection, layout).of(T::DTYPE).with_report();
        let seed = hash(radius.to_bits(), length);
        for plan in plans(context, &request, seed) {
            // Where the decision falls depends on the margin of the schedule.
            let slices = slices::<T>(length, &projection, plan.margin());
            let place = |s, i| if axis == 0 { i * COUNT + s } else { s * length + i };
            let mut memory = vec![T::of(0.0); length * COUNT];
            for (s, slice) in slices.iter().enumerate() {
                slice.iter().enumerate().for_each(|(i, &x)| memory[place(s, i)] = x);
            }
            let stats = prove(context, &plan, &memory, &[]);
            total.inside += stats.inside;
            total.rim += stats.rim;
            total.outside += stats.outside;
        }
    }
    total
}

/// What slices around every radius were.
fn around<T: Value>(context: &Context) -> Stats {
    let mut total = Stats::default();
    for (length, radius) in LENGTHS.into_iter().flat_map(|m| radii(T::DTYPE).map(|c| (m, c))) {
        let stats = prove_all::<T>(context, length, radius, Rounding::Feasible);
        total.inside += stats.inside;
        total.rim += stats.rim;
        total.outside += stats.outside;
    }
    total
}

#[test]
fn slices_at_the_rim_end_inside_and_stay() {
    for (context, dtype) in contexts().flat_map(|c| DType::ALL.map(|dtype| (c, dtype))) {
        if !serves(context, dtype) {
            continue;
        }
        let total = for_dtype!(dtype, T => around::<T>(context));
        // Each side of the decision has been met thousands of times; 16 bits have few norms near it.
        let rim = if dtype.size() == 2 { 0 } else { 1000 };
        let place = context.describe();
        assert!(
            total.inside > 1000 && total.rim >= rim && total.outside > 1000,
            "{dtype} on {place}: {total:?}"
        );
    }
}

#[test]
fn to_nearest_a_slice_at_the_radius_stays() {
    for context in contexts() {
        for length in LENGTHS {
            prove_all::<f32>(context, length, 3.0, Rounding::Nearest);
        }
        let stays = |rounding| {
            let buffer = context.upload(&[3.0, 4.0], [2]).expect("upload");
            let projection = Projection::max_norm(5.0, 0).rounding(rounding);
            context.project(&projection, &buffer).expect("project");
            buffer.read().expect("read") == [3.0, 4.0]
        };
        assert!(stays(Rounding::Nearest), "{}", context.describe());
        // By default it is shrunk, unless sums in f64 tell that it is just inside.
        let shrunk = !stays(Rounding::Feasible);
        let plan = Projection::max_norm(5.0, 0);
        let request = Request::in_place(plan, Layout::contiguous([2]).expect("small"));
        let Rule::Scale(rim) = context.plan(&request).expect("a valid request").rule() else {
            panic!("max-norm scales");
        };
        assert_eq!(shrunk, 25.0 > rim.threshold, "{}", context.describe());
    }
}

//! Thousands of slices within an ulp of where the decision falls: at the radius, at `c·(1 − σ)`,
//! at the target. Half of such columns end above c in other libraries.

use normproj::plan::margin::Margin;
use normproj::plan::rule::Rule;
use normproj::{Context, Layout, Projection, Request, Rounding, reference};

use crate::compare::Stats;
use crate::contexts::contexts;
use crate::run::{plans, prove};
use crate::values::{hash, normal};

const RADII: [f64; 6] = [1.0, 0.1, 3.0, 1e-30, 1.7e38, 5e38];
const LENGTHS: [usize; 7] = [1, 2, 3, 17, 64, 257, 1500];
/// Bits that a radius keeps: one of its ulp is at most this, relative.
const ULP: f64 = 1.0 / (1 << 23) as f64;

/// Where a slice shall lie, as multiples of the radius.
fn aims(margin: Margin) -> Vec<f64> {
    let Margin { sigma, kappa, .. } = margin;
    let centres = [1.0, 1.0 - sigma, 1.0 - 0.5 * sigma, 1.0 - kappa, 1.0 + sigma];
    let steps = [-ULP, -0.5 * ULP, 0.0, 0.5 * ULP, ULP];
    centres.iter().flat_map(|centre| steps.map(|step| centre * (1.0 + step))).collect()
}

/// A slice whose exact norm is as near to `norm` as one small element can take it, on the side
/// that is asked for; none if an element would have to leave f32.
fn slice(length: usize, norm: f64, above: bool, seed: u64) -> Option<Vec<f32>> {
    let direction: Vec<f64> = (1..length).map(|i| f64::from(normal(hash(seed, i)))).collect();
    // A little short, so that the last element has something to make up.
    let scale = 0.9999 * norm / direction.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut slice: Vec<f32> = direction.iter().map(|x| (x * scale) as f32).collect();
    let (high, low) = reference::exact_sum_of_squares(&slice);
    let mut last = (norm.mul_add(norm, -high) - low).sqrt() as f32;
    slice.push(last);
    if !slice.iter().all(|x| x.is_finite()) {
        return None;
    }
    let mut exceeds = |last: f32| {
        slice[length - 1] = last;
        reference::exceeds(&slice, norm)
    };
    // The largest value that does not exceed the norm, or the smallest that does.
    while exceeds(last) {
        last = last.next_down();
    }
    while !exceeds(last) {
        last = last.next_up();
    }
    slice[length - 1] = if above { last } else { last.next_down() };
    last.is_finite().then_some(slice)
}

/// How many slices there are of each length around each radius.
const COUNT: usize = 100;

/// Slices of one length around one radius; zeros where there is no such slice of f32.
fn slices(length: usize, radius: f64, margin: Margin) -> Vec<Vec<f32>> {
    let radius = reference::radius(radius);
    let aims = aims(margin);
    let aimed = |number: usize| {
        let aim = aims[number / 2 % aims.len()];
        slice(length, radius * aim, number % 2 == 1, number as u64)
    };
    (0..COUNT).map(|number| aimed(number).unwrap_or_else(|| vec![0.0; length])).collect()
}

fn prove_all(context: &Context, length: usize, radius: f64, rounding: Rounding) -> Stats {
    let mut total = Stats::default();
    for axis in [0, 1] {
        let projection = Projection::max_norm(radius, axis).rounding(rounding);
        let shape = if axis == 0 { [length, COUNT] } else { [COUNT, length] };
        let layout = Layout::contiguous(shape).expect("small");
        let request = Request::in_place(projection, layout).with_report();
        let seed = hash(radius.to_bits(), length);
        for plan in plans(context, &request, seed) {
            // Where the decision falls depends on the margin of the schedule.
            let slices = slices(length, radius, plan.margin());
            let place = |s, i| if axis == 0 { i * COUNT + s } else { s * length + i };
            let mut memory = vec![0.0; length * COUNT];
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

#[test]
fn slices_at_the_rim_end_inside_and_stay() {
    for context in contexts() {
        let mut total = Stats::default();
        for (length, radius) in LENGTHS.into_iter().flat_map(|m| RADII.map(|c| (m, c))) {
            let stats = prove_all(context, length, radius, Rounding::Feasible);
            total.inside += stats.inside;
            total.rim += stats.rim;
            total.outside += stats.outside;
        }
        // Each side of the decision has been met thousands of times.
        let place = context.describe();
        assert!(
            total.inside > 1000 && total.rim > 1000 && total.outside > 1000,
            "{place}: {total:?}"
        );
    }
}

#[test]
fn to_nearest_a_slice_at_the_radius_stays() {
    for context in contexts() {
        for length in LENGTHS {
            prove_all(context, length, 3.0, Rounding::Nearest);
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

//! What a report says against what the oracle counts.

use normproj::plan::margin::Margin;
use normproj::plan::request::Task;
use normproj::{DType, Norm, Place, Plan, Projection, Report, Set, reference};

use super::limits::{Fate, Limits, ones};
use super::{Stats, Wanted};
use crate::values::{Value, least_normal};

/// Says what is wrong with a report of a projection of `memory`, of which the comparator found
/// `stats`.
pub fn check<T: Value>(
    report: &Report,
    plan: &Plan,
    memory: &[T],
    stats: &Stats,
) -> Result<(), String> {
    check_with_radii(report, plan, memory, stats, None)
}

/// As [`check`], where radii are in memory.
pub fn check_with_radii<T: Value>(
    report: &Report,
    plan: &Plan,
    memory: &[T],
    stats: &Stats,
    radii: Option<&[f64]>,
) -> Result<(), String> {
    let request = plan.request();
    let Task::Project(projection) = request.task else {
        return Err("not a projection".to_string());
    };
    let norm = projection.norm();
    let exact = reference::norms(norm, projection.axes(), memory, &request.source);
    let exact = exact.map_err(|error| error.to_string())?;
    let slices = reference::slices(projection.axes(), request.source.shape()).expect("checked");
    let places = reference::places(&request.source);
    let element = |i: usize| memory[places[i]];
    let finite = |slice: &Vec<usize>| slice.iter().all(|&i| element(i).is_finite());
    let zero = |slice: &&Vec<usize>| slice.iter().all(|&i| element(i).wide() == 0.0);
    let equal = |what: &str, found: u64, expected: usize| {
        if found == expected as u64 {
            Ok(())
        } else {
            Err(format!("{what}: {found}, not {expected}"))
        }
    };
    equal("slices", report.slices, exact.len())?;
    equal("zero", report.zero, slices.iter().filter(zero).count())?;
    equal("non_finite", report.non_finite, stats.non_finite)?;
    let first = slices.iter().position(|slice| !finite(slice)).map(|slice| slice as u64);
    if report.first_non_finite != first {
        return Err(format!("first_non_finite: {:?}, not {first:?}", report.first_non_finite));
    }
    let (least, most) = (stats.outside as u64, (stats.outside + stats.rim) as u64);
    if !(least..=most).contains(&report.changed) {
        return Err(format!("changed: {} is not in {least}..={most}", report.changed));
    }
    // A finite slice does not look infinite.
    let norms = slices.iter().zip(exact).filter(|(slice, _)| finite(slice));
    let norms: Vec<f64> = norms.map(|(_, norm)| norm.min(f64::MAX)).collect();
    let largest = norms.iter().copied().fold(0.0, f64::max);
    let mean = if norms.is_empty() { 0.0 } else { norms.iter().sum::<f64>() / norms.len() as f64 };
    let near =
        Near { dtype: T::DTYPE, norm, length: plan.geometry().length(), margin: plan.margin() };
    // A sum of so many numbers in f64, in whatever order.
    let summed = f64::EPSILON * norms.len() as f64 * mean;
    for (what, found, expected, room) in [
        ("largest_norm", report.largest_norm, largest, 0.0),
        ("mean_norm", report.mean_norm, mean, summed),
    ] {
        if !near.same(found, expected) && (found - expected).abs() > room {
            return Err(format!("{what}: {found:e}, not {expected:e}"));
        }
    }
    let wanted = Wanted { projection: &projection, radii };
    let invalid = |slice: &usize| wanted.of_slice(*slice, T::DTYPE).is_none();
    // Of slices without elements nobody asks for a radius.
    let asked = if plan.geometry().is_empty() { 0 } else { slices.len() };
    equal("invalid", report.invalid, (0..asked).filter(invalid).count())?;
    let elements: Vec<Vec<T>> =
        slices.iter().map(|slice| slice.iter().map(|&i| element(i)).collect()).collect();
    if radii.is_none() {
        return factor(report, &projection, &near, longest(&elements, norm));
    }
    let limits = Limits::new(&projection, T::DTYPE, near.length, near.margin);
    if limits.is_sum() || limits.is_box() {
        let found = report.smallest_factor;
        let unscaled = || format!("smallest_factor: {found:e}, and nothing scales");
        return if found == 1.0 { Ok(()) } else { Err(unscaled()) };
    }
    factor_of_each(report, &wanted, &near, &elements)
}

/// The finite slice of the largest norm, also beyond f64; none if there is none.
fn longest<T: Value>(slices: &[Vec<T>], norm: Norm) -> &[T] {
    let finite = slices.iter().filter(|x| x.iter().all(|x| x.is_finite()));
    // Of slices with norms beyond f64 a radius is the smallest part of the longest.
    let size = |x: &Vec<T>| match reference::norm(norm, x) {
        n if n.is_finite() => (n, 0.0),
        n => (n, -reference::ratio(1.0, norm, x)),
    };
    let sized = finite.map(|x| (size(x), x));
    let most = sized.max_by(|(a, _), (b, _)| a.partial_cmp(b).expect("no norm is NaN"));
    most.map_or(&[], |(_, x)| x)
}

/// Some spacings of subnormal f64, which have no relative error bound.
const SPACING: f64 = 16.0 * 5e-324;

/// The smallest factor is that of a slice that moves, and no slice that surely does has a smaller one.
fn factor_of_each<T: Value>(
    report: &Report,
    wanted: &Wanted,
    near: &Near,
    slices: &[Vec<T>],
) -> Result<(), String> {
    let found = report.smallest_factor;
    let (mut some, mut least) = (found == 1.0, 1.0f64);
    for (number, x) in slices.iter().enumerate() {
        let Some((projection, turned)) = wanted.of_slice(number, near.dtype) else { continue };
        let n = reference::norm(near.norm, x);
        if !x.iter().all(|x| x.is_finite()) || n == 0.0 {
            continue;
        }
        let limits = Limits::new(&projection, near.dtype, near.length, near.margin);
        let limits = limits.turned(turned);
        let fate = limits.fate(x);
        let (part, rest) = (limits.rate, 1.0 - limits.rate);
        // Just outside it is the radius that is aimed at, or the norm.
        for goal in [limits.low, limits.high, n].into_iter().filter(|goal| goal.is_finite()) {
            let of = |goal: f64| quotient(goal, &projection, near.norm, x);
            let expected = (part * of(goal) + rest * of(n)).min(1.0);
            let rounded = if goal > 0.0 { limits.above(goal) / goal - 1.0 } else { 0.0 };
            let room = near.room() + 2.0 * near.margin.of(near.norm).kappa + rounded;
            // Parts of a norm that is subnormal in f64 are rounded to its spacing.
            let off = room * expected + SPACING + SPACING / n;
            some |= fate != Fate::Kept && (found - expected).abs() <= off;
        }
        if fate == Fate::Moved && limits.normal(x) {
            let high = limits.above(limits.high);
            let moved = if n.is_finite() { high / n } else { over(high, near.norm, x) };
            least = least.min(part * moved + rest);
        }
        // An adapter may take what is scaled for zero, whose norm beside another is next to nothing.
        some |= found <= f32::MIN_POSITIVE.into() && !limits.normal(x);
    }
    let room = near.room() + 2.0 * near.margin.of(near.norm).kappa;
    let right = some && found <= least * (1.0 + room) + SPACING;
    if right { Ok(()) } else { Err(format!("smallest_factor: {found:e}, not {least:e}")) }
}

/// A goal over the norm of a slice, as a formula has it.
fn quotient<T: Value>(goal: f64, projection: &Projection, norm: Norm, x: &[T]) -> f64 {
    let (n, formula) = (reference::norm(norm, x), projection.formula().expect("valid"));
    match formula.place {
        // Beside such a norm no ε is anything.
        _ if n.is_infinite() => over(goal, norm, x),
        Place::Floor => goal / n.max(formula.epsilon),
        Place::Divisor | Place::Norm => goal / (n + formula.epsilon),
    }
}

/// c over a norm beyond f64; 1 where both are.
fn over<T: Value>(c: f64, norm: Norm, x: &[T]) -> f64 {
    if c.is_finite() { reference::ratio(c, norm, x) } else { 1.0 }
}

/// The smallest factor takes the largest norm, of the slice x, to the set.
fn factor<T: Value>(
    report: &Report,
    projection: &Projection,
    near: &Near,
    x: &[T],
) -> Result<(), String> {
    let n = reference::norm(near.norm, x);
    let formula = projection.formula().expect("valid");
    let radius = |c: f64| reference::radius_in(near.dtype, c);
    let length = near.length.max(1) as f64;
    let (low, high, rate) = match projection.set() {
        Set::UnitNorm { radius: c, .. } | Set::WeightNorm { radius: c } => {
            (radius(c), radius(c), 1.0)
        }
        Set::Sphere { norm: Norm::L2, radius: c } => (radius(c), radius(c), 1.0),
        Set::MinMaxNorm { low, high, rate } => (radius(low), radius(high), rate),
        Set::ClipAverageNorm { radius: c } => (0.0, radius(c * length), 1.0),
        Set::ClipRms { radius: c } => (0.0, radius(c * length.sqrt()), 1.0),
        Set::MaxNorm { radius: c, .. } | Set::ClipNorm { radius: c, .. } => (0.0, radius(c), 1.0),
        Set::Ball { norm: Norm::L2, radius: c } => (0.0, radius(c), 1.0),
        _ if report.smallest_factor == 1.0 => return Ok(()),
        _ => {
            return Err(format!(
                "smallest_factor: {:e}, and nothing scales",
                report.smallest_factor
            ));
        }
    };
    let goal = n.clamp(low, high);
    let part = |goal: f64| quotient(goal, projection, near.norm, x);
    let expected = match report.changed {
        0 => 1.0,
        // Subnormal elements that an adapter takes for zero.
        _ if high == 0.0 && rate == 1.0 => 0.0,
        _ => (rate * part(goal) + (1.0 - rate) * part(n)).min(1.0),
    };
    let found = report.smallest_factor;
    // What rounding to 16 bits may add to the radius.
    let limits = Limits::new(projection, near.dtype, near.length, near.margin);
    let some = goal > 0.0 && goal.is_finite();
    let rounded = if some { limits.above(goal) / goal - 1.0 } else { 0.0 };
    let room = near.room() + 2.0 * near.margin.of(near.norm).kappa + rounded;
    // Just outside it is the radius that is aimed at, or nothing.
    let jump = formula.epsilon / n;
    // Of a norm that an adapter takes for next to nothing the factor may be anything.
    let lost = limits.flushed(x);
    let free = lost >= 0.5 && (0.0..=1.0).contains(&found);
    let near = (room + jump.min(1.0) + 2.0 * lost) * expected + SPACING;
    let right = (found - expected).abs() <= near || n == 0.0 || free;
    if right { Ok(()) } else { Err(format!("smallest_factor: {found:e}, not {expected:e}")) }
}

/// Whether a norm of slices of one length that was written as an element is right: infinite beyond its
/// dtype, NaN where a slice holds one.
pub fn same_norm<T: Value>(
    found: f64,
    exact: f64,
    norm: Norm,
    length: usize,
    margin: Margin,
) -> bool {
    let largest = if T::DTYPE == DType::F64 { f64::MAX } else { f32::MAX.into() };
    let near = Near { dtype: T::DTYPE, norm, length, margin };
    if exact.is_nan() {
        found.is_nan()
    } else if found.is_infinite() {
        exact > largest || near.same(largest, exact)
    } else {
        exact.is_finite() && near.same(found, exact)
    }
}

struct Near {
    dtype: DType,
    norm: Norm,
    length: usize,
    margin: Margin,
}

impl Near {
    /// What a norm may be off by, relatively.
    fn room(&self) -> f64 {
        let sigma = self.margin.of(self.norm).sigma;
        let rooted = if self.norm == Norm::L2 { 0.5 * sigma } else { sigma };
        rooted + 16.0 * self.margin.unit
    }

    fn same(&self, found: f64, exact: f64) -> bool {
        // An adapter may take subnormal elements for zero.
        let subnormal = ones(self.norm, self.length as f64) * least_normal(self.dtype);
        found == exact || (found - exact).abs() <= self.room() * exact + subnormal
    }
}

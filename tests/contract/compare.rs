//! The comparator: which of the promises does a result break? A pure function of what memory held
//! before and after; it never calls a backend.

use normproj::plan::margin::{Margin, U};
use normproj::{Layout, Norm, OnNonFinite, Projection, Rounding, reference};

/// A promise about a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A slice with `n ≤ c·(1 − σ)` keeps every bit.
    Inside,
    /// A slice with `c·(1 − σ) < n ≤ c` is kept, or shrunk by at most 2κ.
    Rim,
    /// Every slice ends with exact `n ≤ c`.
    Feasible,
    /// Every element is near the exact projection.
    Accurate,
    /// A slice with a NaN or an infinity becomes what the policy says.
    NonFinite,
    /// With `c = 0` every element becomes a zero of its own sign.
    Zero,
    /// What is not in the view keeps every bit.
    Neighbour,
    /// A second projection changes nothing.
    Idempotent,
}

/// A broken promise, with the numbers.
#[derive(Debug, Clone)]
pub struct Violation {
    pub rule: Rule,
    /// A sentence for the reader of a failed test.
    pub detail: String,
}

/// What the promises say of the slices: a test that wants to see scaled slices can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Slices that must be kept.
    pub inside: usize,
    /// Slices at the rim, that may be kept or scaled.
    pub rim: usize,
    /// Slices that must be scaled.
    pub outside: usize,
    /// Slices with a NaN or an infinity.
    pub non_finite: usize,
}

/// A view and all of the memory that it lies in.
#[derive(Clone, Copy)]
pub struct Memory<'a> {
    pub layout: &'a Layout,
    pub elements: &'a [f32],
}

impl Memory<'_> {
    pub fn view(&self) -> Vec<f32> {
        reference::places(self.layout).into_iter().map(|place| self.elements[place]).collect()
    }
}

/// Judges one projection. `before` and `after` are the memory that was written, `source` what was
/// read, as it was before: in place that is `before` itself.
pub fn check(
    projection: &Projection,
    margin: Margin,
    source: Memory,
    before: Memory,
    after: Memory,
) -> Result<Stats, Vec<Violation>> {
    let (x, y) = (source.view(), after.view());
    let exact = reference::project(projection, source.elements, source.layout)
        .expect("the oracle takes what the library took");
    let slices = reference::slices(projection.axes(), source.layout.shape()).expect("checked");
    let bounds = Bounds::new(projection, margin);
    let (mut stats, mut violations) = (Stats::default(), neighbours(before, after));
    for (number, slice) in slices.iter().enumerate() {
        let part = |all: &[f32]| -> Vec<f32> { slice.iter().map(|&i| all[i]).collect() };
        let star: Vec<f64> = slice.iter().map(|&i| exact[i]).collect();
        let broken = bounds.broken(&part(&x), &part(&y), &star, &mut stats);
        violations.extend(broken.into_iter().map(|(rule, detail)| {
            let detail = format!("slice {number} of {}: {detail}", slices.len());
            Violation { rule, detail }
        }));
    }
    if violations.is_empty() { Ok(stats) } else { Err(violations) }
}

/// Judges a second projection of a result. Without feasibility (a tiny radius, rounding to
/// nearest) nothing is promised.
pub fn check_again(
    projection: &Projection,
    margin: Margin,
    once: Memory,
    twice: Memory,
) -> Result<(), Vec<Violation>> {
    let bounds = Bounds::new(projection, margin);
    let slices = reference::slices(projection.axes(), once.layout.shape()).expect("checked");
    let (once, twice) = (once.view(), twice.view());
    let mut violations = Vec::new();
    // The NaN that were infinities are NaN to the second projection.
    let spreads = |slice: &Vec<usize>| {
        projection.policy() == OnNonFinite::Propagate && slice.iter().any(|&i| once[i].is_nan())
    };
    let promised = |slice: &&Vec<usize>| bounds.feasible(slice.len()) && !spreads(slice);
    for slice in slices.iter().filter(promised) {
        for &i in slice {
            let free = projection.policy() != OnNonFinite::Leave;
            let same = once[i].to_bits() == twice[i].to_bits()
                || free && once[i].is_nan() && twice[i].is_nan();
            if !same {
                let detail = format!("element {i}: {:e} once, {:e} twice", once[i], twice[i]);
                violations.push(Violation { rule: Rule::Idempotent, detail });
            }
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

pub fn neighbours(before: Memory, after: Memory) -> Vec<Violation> {
    let mut written = vec![false; before.elements.len()];
    reference::places(after.layout).into_iter().for_each(|place| written[place] = true);
    let changed = |&place: &usize| {
        !written[place] && before.elements[place].to_bits() != after.elements[place].to_bits()
    };
    let violation = |place: usize| {
        let (was, is) = (before.elements[place], after.elements[place]);
        let detail = format!("place {place} outside the view: {was:e} became {is:e}");
        Violation { rule: Rule::Neighbour, detail }
    };
    (0..written.len()).filter(changed).map(violation).collect()
}

/// What a slice of one projection is measured by.
struct Bounds {
    radius: f64,
    epsilon: f64,
    policy: OnNonFinite,
    rounding: Rounding,
    margin: Margin,
}

impl Bounds {
    fn new(projection: &Projection, margin: Margin) -> Self {
        let radius = reference::radius(projection.radius());
        let (epsilon, policy) = (projection.formula().expect("valid").epsilon, projection.policy());
        Bounds { radius, epsilon, policy, rounding: projection.rounds(), margin }
    }

    /// Whether the result of a slice of this length is made of normal numbers. Below that radius the
    /// rounding is no longer relative, and an adapter may take elements for zero.
    fn normal(&self, length: usize) -> bool {
        self.radius == 0.0 || self.radius >= (length as f64).sqrt() * 2f64.powi(-125)
    }

    /// Whether a slice of this length must end with `n ≤ c`.
    fn feasible(&self, length: usize) -> bool {
        self.rounding == Rounding::Feasible && self.normal(length)
    }

    /// How far an element may be from the exact one.
    fn error(&self, exact: f64) -> f64 {
        let Margin { sigma, kappa, .. } = self.margin;
        let relative = match self.rounding {
            Rounding::Feasible => 2.0 * kappa * exact.abs(),
            // Sums in f64 (the CPU backend): 4 ulp.
            _ if sigma < U => 4.0 * ulp(exact),
            _ => (0.5 * sigma + 6.0 * U) * exact.abs(),
        };
        relative + 2f64.powi(-126)
    }

    /// What a policy other than keeping every bit makes of a slice. The sign of a zero is free
    /// unless all are zero.
    fn replaced(&self, y: &[f32], exact: &[f64]) -> Option<String> {
        let right = |(y, exact): (&f32, &f64)| match self.policy {
            OnNonFinite::Zero => y.to_bits() == 0,
            _ if exact.is_nan() => y.is_nan(),
            _ => *y == 0.0,
        };
        let i = y.iter().zip(exact).position(|pair| !right(pair))?;
        Some(format!("element {i} is {:e} by {}, not {:e}", y[i], self.policy, exact[i]))
    }

    fn broken(
        &self,
        x: &[f32],
        y: &[f32],
        exact: &[f64],
        stats: &mut Stats,
    ) -> Vec<(Rule, String)> {
        let c = self.radius;
        let kept = first(x, y, |x, y| x.to_bits() == y.to_bits());
        let broken = |rule, wrong: Option<String>| wrong.map(|detail| (rule, detail));
        if !x.iter().all(|x| x.is_finite()) {
            stats.non_finite += 1;
            let wrong = match self.policy {
                OnNonFinite::Leave => kept,
                _ => self.replaced(y, exact),
            };
            return broken(Rule::NonFinite, wrong).into_iter().collect();
        }
        let exceeds = |bound: f64| reference::exceeds_in(Norm::L2, x, bound - self.epsilon);
        let inside = !exceeds(c * (1.0 - self.margin.sigma));
        let within = inside || !exceeds(c);
        let slack = if self.rounding == Rounding::Feasible { 0.0 } else { self.margin.sigma };
        let outside = self.normal(x.len()) && exceeds(c * (1.0 + slack));
        *(match (inside, outside) {
            (true, _) => &mut stats.inside,
            (_, true) => &mut stats.outside,
            _ => &mut stats.rim,
        }) += 1;
        let mut all = Vec::new();
        if inside {
            all.extend(broken(Rule::Inside, kept));
        } else if within && self.rounding == Rounding::Feasible {
            let shrunk = |x: f32, y: f32| {
                let loss = f64::from(x.abs()) - f64::from(y.abs());
                x * y >= 0.0 && loss >= 0.0 && loss <= self.error(f64::from(x))
            };
            all.extend(broken(Rule::Rim, first(x, y, shrunk)));
        }
        if c == 0.0 {
            let zeroed = |x: f32, y: f32| y.to_bits() == x.to_bits() & 0x8000_0000;
            all.extend(broken(Rule::Zero, first(x, y, zeroed)));
        }
        let near = |(y, &exact): (&f32, &f64)| (f64::from(*y) - exact).abs() <= self.error(exact);
        // Not `any(far)`: a NaN must not pass.
        if let Some(i) = y.iter().zip(exact).position(|pair| !near(pair)) {
            let (y, exact, allowed) = (y[i], exact[i], self.error(exact[i]));
            all.push((
                Rule::Accurate,
                format!("element {i} is {y:e}, exactly {exact:e}, allowed {allowed:e}"),
            ));
        }
        let finite = y.iter().all(|y| y.is_finite());
        if self.feasible(x.len()) && (!finite || reference::exceeds(y, c)) {
            let norm = reference::exact_sum_of_squares(y).0.sqrt();
            all.push((
                Rule::Feasible,
                format!("norm {norm:e} over {c:e}, {:e} too much", norm / c - 1.0),
            ));
        }
        all
    }
}

/// The first pair that fails, in words.
fn first(x: &[f32], y: &[f32], holds: impl Fn(f32, f32) -> bool) -> Option<String> {
    let i = x.iter().zip(y).position(|(&x, &y)| !holds(x, y))?;
    let (x, y) = (x[i], y[i]);
    Some(format!("element {i}: {x:e} ({:#010x}) became {y:e} ({:#010x})", x.to_bits(), y.to_bits()))
}

/// The spacing of f32 at a value.
pub fn ulp(value: f64) -> f64 {
    let near = value.abs().min(f64::from(f32::MAX)) as f32;
    let (below, above) = (near.next_down().max(0.0), near.next_up().min(f32::MAX));
    (f64::from(near) - f64::from(below)).max(f64::from(above) - f64::from(near))
}

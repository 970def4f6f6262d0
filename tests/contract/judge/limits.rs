//! What the contract grants slices of one set, dtype and length: which keep their bits, how near the
//! exact projection an element is, and where a slice ends.

use normproj::plan::margin::{Bounds, Margin};
use normproj::{DType, Norm, Place, Projection, Rounding, Set, ZeroSlice, reference};

use super::ulp;
use crate::values::{Value, least_normal};

/// What slices of one projection are judged by.
pub struct Limits {
    pub set: Set,
    pub projection: Projection,
    pub norm: Norm,
    dtype: DType,
    bounds: Bounds,
    unit: f64,
    /// The norm of a slice of ones.
    ones: f64,
    /// The least and the largest norm, as the library works with them.
    pub low: f64,
    pub high: f64,
    pub rate: f64,
    /// Whether the slice is turned over: its radius is negative.
    pub turned: bool,
    /// What a radius may be off by, relatively.
    margin_of_radius: f64,
}

/// What must become of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    /// Kept or moved.
    Either,
    Moved,
}

impl Limits {
    pub fn new(projection: &Projection, dtype: DType, length: usize, margin: Margin) -> Self {
        let (set, norm, length) = (projection.set(), projection.norm(), length.max(1) as f64);
        let (low, high, rate) = match set {
            Set::UnitNorm { radius, .. }
            | Set::WeightNorm { radius }
            | Set::Sphere { radius, .. }
            | Set::Simplex { radius } => (radius, radius, 1.0),
            Set::MinMaxNorm { low, high, rate } => (low, high, rate),
            Set::ClipAverageNorm { radius } => (0.0, radius * length, 1.0),
            Set::ClipRms { radius } => (0.0, radius * length.sqrt(), 1.0),
            _ => (0.0, projection.radius(), 1.0),
        };
        let [low, high] = [low, high].map(|c| reference::radius_in(dtype, c));
        let (bounds, unit, projection) = (margin.of(norm), margin.unit, *projection);
        let ones = ones(norm, length);
        let turned = false;
        let margin_of_radius = margin.radius;
        Limits {
            set,
            projection,
            norm,
            dtype,
            bounds,
            unit,
            ones,
            low,
            high,
            rate,
            turned,
            margin_of_radius,
        }
    }

    /// The same, for a slice that is turned over or not.
    pub fn turned(self, turned: bool) -> Self {
        Limits { turned, ..self }
    }

    /// Boxes are exact, and judged element by element.
    pub fn is_box(&self) -> bool {
        matches!(self.set, Set::Bounds { .. } | Set::Ball { norm: Norm::Linf, .. })
    }

    /// Whether each element is by itself.
    pub fn alone(&self) -> bool {
        matches!(self.set, Set::Bounds { .. })
    }

    /// Whether elements are moved by a distance, of which no relative error bound exists.
    pub fn is_sum(&self) -> bool {
        let l1 = matches!(
            self.set,
            Set::Ball { norm: Norm::L1, .. } | Set::Sphere { norm: Norm::L1, .. }
        );
        l1 || self.is_simplex()
    }

    fn is_simplex(&self) -> bool {
        matches!(self.set, Set::Simplex { .. })
    }

    /// Where there is no room between the least and the largest norm a slice is to have the middle.
    fn is_sphere(&self) -> bool {
        let kappa = self.bounds.kappa;
        self.low > 0.0 && self.low * (1.0 + kappa) > self.high * (1.0 - kappa)
    }

    /// A magnitude that a box around zero surely keeps: a device may have rounded a product of its radius, which
    /// among subnormal numbers takes a spacing of them.
    pub fn bounded(&self) -> f64 {
        let spacing = least_normal(self.dtype) * (2.0 * self.unit);
        let rounded = if self.margin_of_radius > 0.0 { spacing } else { 0.0 };
        let radius = self.projection.radius() * (1.0 - self.margin_of_radius) - rounded;
        reference::bound_in(self.dtype, radius.max(0.0))
    }

    pub fn is_ball(&self) -> bool {
        self.low == 0.0 && !self.is_simplex()
    }

    pub fn feasible(&self) -> bool {
        self.projection.rounds() != Rounding::Nearest
    }

    /// What rounding to 16 bits may change of an element, in relation to it and beside.
    fn grain(&self) -> (f64, f64) {
        let halves = if self.projection.rounds() == Rounding::TowardZero { 2.0 } else { 1.0 };
        match self.dtype {
            DType::F16 => (halves * 2f64.powi(-11), halves * 2f64.powi(-25)),
            DType::BF16 => (halves * 2f64.powi(-8), halves * 2f64.powi(-134)),
            _ => (0.0, 0.0),
        }
    }

    /// T: where the norm of a slice of 16 bits may end that aims at c.
    pub fn above(&self, c: f64) -> f64 {
        match (self.projection.rounds(), self.grain()) {
            _ if c == 0.0 => 0.0,
            (Rounding::Feasible, (relative, absolute)) => {
                c * (1.0 + relative) + absolute * self.ones
            }
            _ => c,
        }
    }

    fn below(&self, c: f64) -> f64 {
        match (self.projection.rounds(), self.grain()) {
            (Rounding::Nearest, _) => c,
            (_, (relative, absolute)) => (c * (1.0 - relative) - absolute * self.ones).max(0.0),
        }
    }

    /// Whether results are made of normal numbers, and so is what grows. Elsewhere rounding is not
    /// relative, and an adapter may take elements for zero.
    pub fn normal<T: Value>(&self, x: &[T]) -> bool {
        let (n, room) = (reference::norm(self.norm, x), self.ones * 2.0 * least_normal(self.dtype));
        let grows = self.low > 0.0 || self.projection.formula().expect("valid").always;
        let reached = self.high == 0.0 || self.high >= room;
        reached && !self.blurred(x, n) && (!grows || n == 0.0 || n >= 2.0 * room)
    }

    /// Whether the norm n is made of elements that are subnormal, as they are or as they become, to a part
    /// that is no longer small beside κ. An adapter takes them for zeros, or rounding adds half of their
    /// spacing to them.
    fn blurred<T: Value>(&self, x: &[T], n: f64) -> bool {
        let power = if let Norm::Lp(p) = self.norm { p.value().min(1.0) } else { 1.0 };
        // What a ball loses leaves it inside.
        if n == 0.0 || self.is_sum() || self.is_ball() && power == 1.0 {
            return false;
        }
        let tiny = least_normal(self.dtype);
        // The rims of 16 bits have room for their own subnormal numbers, but where p < 1.
        let coarse = if self.dtype == DType::F16 && power < 1.0 { 2f64.powi(-14) } else { tiny };
        let goal = n.clamp(self.low, self.high).min(f64::MAX);
        let factor = reference::ratio(goal, self.norm, x);
        let small = |x: &&T| {
            let x = x.wide().abs();
            x > 0.0 && (x < tiny || x * factor < coarse)
        };
        self.part(x, small) > 0.125 * self.bounds.kappa
    }

    /// The part of the norm of a slice that an adapter may lose, which takes subnormal elements for zeros.
    pub fn flushed<T: Value>(&self, x: &[T]) -> f64 {
        let tiny = least_normal(self.dtype);
        self.part(x, |x| x.wide() != 0.0 && x.wide().abs() < tiny)
    }

    /// The part of the norm of a slice that is due to some of its elements: their own norm at most. For p < 1,
    /// where there is no triangle inequality, it is `w/p`, their powers being the part w of the sum.
    fn part<T: Value>(&self, x: &[T], some: impl Fn(&&T) -> bool) -> f64 {
        let power = if let Norm::Lp(p) = self.norm { p.value().min(1.0) } else { 1.0 };
        let some: Vec<T> = x.iter().filter(some).copied().collect();
        let n = reference::norm(self.norm, &some);
        if n == 0.0 { 0.0 } else { reference::ratio(n, self.norm, x).powf(power) / power }
    }

    /// What must become of a finite slice.
    pub fn fate<T: Value>(&self, x: &[T]) -> Fate {
        let Bounds { sigma, kappa } = self.bounds;
        let formula = self.projection.formula().expect("valid");
        let either = |certain: bool, fate| if certain { fate } else { Fate::Either };
        let n = reference::norm(self.norm, x);
        if x.is_empty() {
            return Fate::Kept;
        }
        let zero = x.iter().all(|&x| x.wide() == 0.0);
        if zero && !self.is_simplex() {
            let basis = self.projection.zero_policy() == ZeroSlice::BasisVector;
            let fixed = matches!(
                self.set,
                Set::UnitNorm { .. } | Set::WeightNorm { .. } | Set::Sphere { .. }
            );
            // A radius that rounding an element may swallow asks for nothing; one that is subnormal an adapter
            // may take for zero.
            let short = self.below(self.low) > 0.0;
            let certain = self.low >= 2.0 * least_normal(self.dtype);
            return if basis && fixed && short { either(certain, Fate::Moved) } else { Fate::Kept };
        }
        if formula.always || self.turned {
            return either(self.normal(x), Fate::Moved);
        }
        if self.is_sphere() || self.is_simplex() {
            return self.fate_at_sphere(x, n, zero);
        }
        let compared = if formula.place == Place::Norm { formula.epsilon } else { 0.0 };
        let exceeds = |c: f64| reference::exceeds_in(self.norm, x, c - compared);
        // Sums of magnitudes and powers are themselves compared, not their roots.
        let rounded = if self.grain().0 > 0.0 { 4.0 * self.unit } else { 0.0 };
        let sums = if self.norm == Norm::L2 { sigma } else { 2.0 * sigma + rounded };
        let high = self.above(self.high);
        if self.is_ball() {
            let slack = if self.feasible() { 0.0 } else { sigma + 8.0 * self.unit };
            return match () {
                () if !exceeds(high * (1.0 - sums)) => Fate::Kept,
                () => either(self.normal(x) && exceeds(high * (1.0 + slack)), Fate::Moved),
            };
        }
        let low = self.below(self.low);
        let inside = n >= low * (1.0 + kappa + 4.0 * self.unit) && !exceeds(high * (1.0 - kappa));
        let outside = exceeds(high * (1.0 + kappa)) || n < low * (1.0 - kappa);
        match inside && self.feasible() {
            true => Fate::Kept,
            false => either(outside && self.normal(x), Fate::Moved),
        }
    }

    fn fate_at_sphere<T: Value>(&self, x: &[T], n: f64, zero: bool) -> Fate {
        let Bounds { sigma, kappa } = self.bounds;
        let c = 0.5 * self.low + 0.5 * self.high;
        let within =
            |room: f64| n >= self.below(c) * (1.0 - room) && n <= self.above(c) * (1.0 + room);
        let negative = self.is_simplex() && x.iter().any(|&x| x.wide() < 0.0);
        let error = sigma + 4.0 * self.unit;
        match () {
            () if negative => Fate::Moved,
            () if c == 0.0 && zero => Fate::Kept,
            // An adapter may take subnormal elements for zero.
            () if self.feasible() && within(kappa - error) && self.normal(x) => Fate::Kept,
            () if !within(kappa + error) && self.normal(x) => Fate::Moved,
            () => Fate::Either,
        }
    }

    /// How far an element of a slice of this norm may be from the exact one.
    pub fn error(&self, exact: f64, norm: f64) -> f64 {
        let Bounds { sigma, kappa } = self.bounds;
        let tiny = least_normal(self.dtype);
        let (relative, absolute) = self.grain();
        let own = if self.is_sum() {
            // Where a slice grows there is no c that bounds δ, but the exact element does.
            let room = if self.feasible() { 2.0 * kappa } else { 2.0 * sigma + 10.0 * self.unit };
            room * self.high.min(f64::MAX).max(exact.abs()) + 2.0 * tiny
        } else {
            // Elements that an adapter takes for zero, scaled up.
            let grown = if norm > 0.0 { (self.low / norm).clamp(1.0, f64::MAX) } else { 1.0 };
            self.scaled(exact) + tiny * grown
        };
        own + relative * (exact.abs() + own) + absolute
    }

    fn scaled(&self, exact: f64) -> f64 {
        let Bounds { sigma, kappa } = self.bounds;
        match self.norm {
            _ if self.feasible() => 2.0 * kappa * exact.abs(),
            // Sums in f64 of elements of less (the CPU backend): 4 ulp.
            _ if sigma < self.unit => 4.0 * ulp(exact),
            Norm::L2 => (0.5 * sigma + 6.0 * self.unit) * exact.abs(),
            _ => (sigma + 10.0 * self.unit) * exact.abs(),
        }
    }

    /// What a formula with an ε jumps by where it begins to multiply.
    pub fn jump(&self, norm: f64) -> f64 {
        (self.projection.formula().expect("valid").epsilon / norm).min(1.0)
    }

    /// Whether the error of an element is bounded: what grows may have been taken for zero.
    pub fn accurate<T: Value>(&self, x: &[T]) -> bool {
        self.is_ball() && !self.projection.formula().expect("valid").always || self.normal(x)
    }

    /// Whether the slices of a projection must end where the set is.
    pub fn ends<T: Value>(&self, x: &[T]) -> bool {
        self.feasible() && self.rate == 1.0 && self.normal(x)
    }

    /// Whether a second projection must change nothing.
    pub fn idempotent<T: Value>(&self, x: &[T]) -> bool {
        // What a policy made of a slice may be outside.
        let finite = x.iter().all(|x| x.is_finite());
        match self.is_box() {
            true => finite || !self.alone(),
            false => {
                let ends = if finite { self.normal(x) } else { self.is_ball() };
                self.feasible() && self.rate == 1.0 && ends
            }
        }
    }

    /// Why a result is not where the set is.
    pub fn outside<T: Value>(&self, x: &[T], y: &[T]) -> Option<String> {
        // No norm is within reach of an empty slice.
        if y.is_empty() {
            return None;
        }
        if !y.iter().all(|y| y.is_finite()) {
            return Some("not finite".to_string());
        }
        let c = 0.5 * self.low + 0.5 * self.high;
        let n = reference::norm(self.norm, y);
        let room = 2.0 * self.bounds.kappa * c + 2.0 * least_normal(self.dtype) * self.ones;
        let on = |n: f64| {
            let far = n < self.below(c) - room || n > self.above(c) + room;
            far.then(|| format!("norm {n:e}, not {c:e}"))
        };
        let high = self.above(self.high);
        match self.set {
            Set::Simplex { .. } if y.iter().any(|y| y.wide() < 0.0) => {
                Some("a negative".to_string())
            }
            Set::Simplex { .. } => on(n),
            // Accuracy says what becomes of zeros.
            _ if x.iter().all(|x| x.wide() == 0.0) => None,
            _ if self.is_sphere() => on(n),
            _ if self.exceeds(y, high) => {
                Some(format!("norm {n:e} over {high:e}, {:e} too much", n / high - 1.0))
            }
            _ if n < self.below(self.low) => Some(format!("norm {n:e} under {:e}", self.low)),
            _ => None,
        }
    }

    fn exceeds<T: Value>(&self, y: &[T], c: f64) -> bool {
        match self.norm {
            // No exact sum of powers is to be had: f64's error is far below ours.
            Norm::Lp(_) => reference::norm(self.norm, y) > c * (1.0 + 1e-14),
            _ => reference::exceeds_in(self.norm, y, c),
        }
    }
}

/// The norm of a slice of so many ones.
pub fn ones(norm: Norm, length: f64) -> f64 {
    match norm {
        Norm::L1 => length,
        Norm::L2 => length.sqrt(),
        Norm::Linf => 1.0,
        Norm::Lp(p) => length.powf(p.value().recip()),
        norm => panic!("{norm} is new"),
    }
}

//! The judgement of one slice.

use normproj::reference::Double;
use normproj::{OnNonFinite, reference};

use super::limits::{Fate, Limits};
use super::{Rule, Stats};
use crate::values::Value;

/// What was read, what was written, and what is exact.
pub struct Slice<T> {
    pub x: Vec<T>,
    pub y: Vec<T>,
    pub exact: Vec<Double>,
}

impl<T: Value> Slice<T> {
    /// The promises that are broken, and what for.
    pub fn broken(&self, limits: &Limits, stats: &mut Stats) -> Vec<(Rule, String)> {
        if limits.alone() {
            return self.broken_alone(limits, stats);
        }
        if !self.x.iter().all(|x| x.is_finite()) {
            stats.non_finite += 1;
            return self.first(Rule::NonFinite, |i| self.replaced(limits, i)).into_iter().collect();
        }
        let fate = if limits.is_box() { self.fate_in_cube(limits) } else { limits.fate(&self.x) };
        *(match fate {
            Fate::Kept => &mut stats.inside,
            Fate::Either => &mut stats.rim,
            Fate::Moved => &mut stats.outside,
        }) += 1;
        if limits.is_box() {
            return self.first(Rule::Accurate, |i| self.bounded(limits, i)).into_iter().collect();
        }
        if fate == Fate::Kept && !self.zeroed(limits) {
            return self.first(Rule::Inside, |i| self.kept(i)).into_iter().collect();
        }
        let norm = reference::norm(limits.norm, &self.x);
        let mut broken = Vec::new();
        let near = |i: usize| self.near(limits, fate, norm, i);
        let within = limits.is_ball() && limits.feasible() && norm <= limits.high;
        if fate == Fate::Either && within {
            broken.extend(self.first(Rule::Rim, |i| self.shrunk(i) && near(i)));
        }
        if self.zeroed(limits) {
            broken.extend(self.first(Rule::Zero, |i| {
                let sign = 1u64 << (T::MANTISSA + T::EXPONENT);
                // Half a turn more gives zeros their other sign.
                limits.turned || self.y[i].bits() == self.x[i].bits() & sign
            }));
        }
        if limits.accurate(&self.x) {
            broken.extend(self.first(Rule::Accurate, near));
        }
        if limits.ends(&self.x) {
            let outside = limits.outside(&self.x, &self.y);
            broken.extend(outside.map(|detail| (Rule::Feasible, detail)));
        }
        broken
    }

    /// Of a slice whose radius is none.
    pub fn left(&self, stats: &mut Stats) -> Vec<(Rule, String)> {
        match self.x.iter().all(|x| x.is_finite()) {
            true => stats.inside += 1,
            false => stats.non_finite += 1,
        }
        self.first(Rule::Radius, |i| self.kept(i)).into_iter().collect()
    }

    /// An element by itself: an infinity is clamped as any number.
    fn broken_alone(&self, limits: &Limits, stats: &mut Stats) -> Vec<(Rule, String)> {
        let [x] = self.x[..] else { return Vec::new() };
        stats.non_finite += usize::from(!x.is_finite());
        if x.is_nan() {
            return self.first(Rule::NonFinite, |i| self.replaced(limits, i)).into_iter().collect();
        }
        match self.fate_in_box() {
            Fate::Moved => stats.outside += 1,
            _ => stats.inside += 1,
        }
        self.first(Rule::Accurate, |i| self.clamped(i)).into_iter().collect()
    }

    /// The first element for which something does not hold, in words.
    fn first(&self, rule: Rule, holds: impl Fn(usize) -> bool) -> Option<(Rule, String)> {
        let i = (0..self.x.len()).find(|&i| !holds(i))?;
        let (x, y, exact) = (self.x[i], self.y[i], self.exact[i].high);
        let (x_bits, y_bits) = (x.bits(), y.bits());
        let detail =
            format!("element {i}: {x:?} ({x_bits:x}) became {y:?} ({y_bits:x}), exactly {exact:e}");
        Some((rule, detail))
    }

    fn kept(&self, i: usize) -> bool {
        self.x[i].bits() == self.y[i].bits()
    }

    /// No larger, and of the same sign.
    fn shrunk(&self, i: usize) -> bool {
        let (x, y) = (self.x[i].wide(), self.y[i].wide());
        y.abs() <= x.abs() && y.is_sign_negative() == x.is_sign_negative()
    }

    fn zeroed(&self, limits: &Limits) -> bool {
        limits.is_ball() && limits.high == 0.0 && limits.rate == 1.0
    }

    fn fate_in_box(&self) -> Fate {
        let moved = self.x.iter().zip(&self.exact).any(|(x, exact)| x.wide() != exact.high);
        if moved { Fate::Moved } else { Fate::Kept }
    }

    /// As [`Slice::fate_in_box`] of a box around zero, whose bound a device may have rounded.
    fn fate_in_cube(&self, limits: &Limits) -> Fate {
        let beyond = self.x.iter().any(|x| x.wide().abs() > limits.bounded());
        match self.fate_in_box() {
            Fate::Kept if beyond => Fate::Either,
            fate => fate,
        }
    }

    /// Kept, or as near to the bound as that is known; exactly the bound where it is.
    fn bounded(&self, limits: &Limits, i: usize) -> bool {
        let (x, y, exact) = (self.x[i].wide(), self.y[i].wide(), self.exact[i].high);
        match x.abs() <= limits.bounded() {
            true => self.kept(i),
            false => {
                let within = (limits.bounded()..=exact.abs()).contains(&y.abs());
                within && y.is_sign_negative() == x.is_sign_negative()
            }
        }
    }

    /// Exactly the nearer bound, or kept.
    fn clamped(&self, i: usize) -> bool {
        match self.x[i].wide() == self.exact[i].high {
            true => self.kept(i),
            false => self.y[i].wide() == self.exact[i].high,
        }
    }

    /// What the policy makes of a slice. The sign of a zero is free unless all are zero.
    fn replaced(&self, limits: &Limits, i: usize) -> bool {
        match limits.projection.policy() {
            OnNonFinite::Leave => self.kept(i),
            OnNonFinite::Zero => self.y[i].bits() == 0,
            _ if self.exact[i].high.is_nan() => self.y[i].is_nan(),
            _ => self.y[i].wide() == 0.0,
        }
    }

    fn near(&self, limits: &Limits, fate: Fate, norm: f64, i: usize) -> bool {
        let Double { high, low } = self.exact[i];
        // A NaN is never near.
        let off = ((self.y[i].wide() - high) - low).abs();
        let error = limits.error(high, norm);
        match fate {
            Fate::Either => self.kept(i) || off <= error + limits.jump(norm) * high.abs(),
            Fate::Kept | Fate::Moved => off <= error,
        }
    }
}

//! How often norms occur.

use std::ops::Range;

/// About so many bins are drawn, more where there are more norms.
const BINS: Range<f64> = 20.0..40.0;
/// Norms that differ by less than this part of the largest are drawn as if they did: the ticks of the
/// axis would be too long to read.
const NARROWEST: f64 = 0.05;

/// Bins of one width. A norm at the edge of two belongs to the lower, so that none holds norms on both
/// sides of a bound that is drawn.
#[derive(Debug, PartialEq)]
pub struct Histogram {
    low: f64,
    width: f64,
    pub counts: Vec<u64>,
    /// How many are larger than the bound.
    pub beyond: u64,
    /// How many are not finite.
    pub missing: u64,
    /// The bound, if it is where the norms are.
    pub bound: Option<f64>,
}

impl Histogram {
    pub fn new(norms: &[f64], bound: Option<f64>) -> Self {
        let finite = || norms.iter().copied().filter(|norm| norm.is_finite());
        let largest = finite().fold(0.0, f64::max);
        let smallest = finite().fold(largest, f64::min);
        let shown = bound.filter(|&bound| smallest / 2.0 <= bound && bound <= 2.0 * largest);
        let shown = shown.filter(|_| largest > 0.0);
        let Range { start: low, end: high } = range(smallest, largest, shown);
        let bins = (2.0 * (finite().count() as f64).sqrt()).clamp(BINS.start, BINS.end);
        let mut width = (high - low) / bins;
        // The bound is the edge of two bins.
        let inside = shown.map_or(0, |bound| ((bound - low) / width).round() as usize);
        if let Some(bound) = shown.filter(|_| inside > 0) {
            width = (bound - low) / inside as f64;
        }
        let bins = (((high - low) / width).ceil() as usize).max(1);
        let mut counts = vec![0; bins];
        for norm in finite() {
            let bin = (((norm - low) / width).ceil() as usize).saturating_sub(1).min(bins - 1);
            // Whatever the quotient was rounded to.
            let bin = match shown.filter(|_| inside > 0) {
                Some(bound) if norm <= bound => bin.min(inside - 1),
                Some(_) => bin.max(inside).min(bins - 1),
                None => bin,
            };
            counts[bin] += 1;
        }
        let beyond = bound.map_or(0, |bound| finite().filter(|&norm| norm > bound).count());
        let missing = norms.len() - finite().count();
        let (beyond, missing) = (beyond as u64, missing as u64);
        Histogram { low, width, counts, beyond, missing, bound: shown }
    }

    /// The norms from the first bin to the last.
    pub fn range(&self) -> Range<f64> {
        self.low..self.low + self.width * self.counts.len() as f64
    }

    /// The bins: their edges, how often they occur, and whether that is beyond the bound.
    pub fn bins(&self) -> impl Iterator<Item = (f64, f64, u64, bool)> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(i, &count)| {
            let edge = |i: usize| self.low + self.width * i as f64;
            let middle = (edge(i) + edge(i + 1)) / 2.0;
            let all = self.counts.iter().sum::<u64>() == self.beyond;
            let beyond = all || self.bound.is_some_and(|bound| middle > bound);
            (edge(i), edge(i + 1), count, beyond)
        })
    }
}

/// What is drawn of the axis: from zero, unless all norms are near each other.
fn range(smallest: f64, largest: f64, bound: Option<f64>) -> Range<f64> {
    let low = bound.map_or(smallest, |bound| bound.min(smallest));
    let high = bound.map_or(largest, |bound| bound.max(largest));
    if high == 0.0 {
        return 0.0..1.0;
    }
    if low < high / 2.0 {
        return 0.0..high * 1.05;
    }
    let missing = (high * NARROWEST - (high - low)).max(0.0) / 2.0;
    let (low, high) = (low - missing, high + missing);
    let margin = (high - low) / 10.0;
    low - margin..high + margin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_norm_is_in_one_bin() {
        for (norms, bound) in [
            (vec![], None),
            (vec![0.0, 0.0], Some(1.0)),
            (vec![1.0; 7], Some(1.0)),
            (vec![0.1, 0.2, 5.0, f64::NAN, f64::INFINITY], Some(0.2)),
            (vec![1e-40, 3e38], Some(1e30)),
            (vec![0.999_999, 0.999_999_5], Some(1.0)),
            (vec![2.0, 3.0], Some(0.0)),
            (vec![2.0, 3.0], Some(f64::INFINITY)),
            ((0..1000).map(f64::from).collect(), Some(500.0)),
        ] {
            let histogram = Histogram::new(&norms, bound);
            let finite = norms.iter().filter(|norm| norm.is_finite());
            assert_eq!(histogram.counts.iter().sum::<u64>(), finite.clone().count() as u64);
            assert!((1..=100).contains(&histogram.counts.len()), "{histogram:?}");
            let range = histogram.range();
            assert!(range.start < range.end && range.end.is_finite(), "{histogram:?}");
            assert!(finite.clone().all(|norm| range.start <= *norm && *norm <= range.end));
            let beyond = finite.filter(|norm| bound.is_some_and(|bound| **norm > bound)).count();
            assert_eq!(histogram.beyond, beyond as u64);
        }
    }

    #[test]
    fn a_bound_divides_bins() {
        let norms = [0.3, 0.7, 1.0, 1.0 + 1e-7, 1.3];
        let histogram = Histogram::new(&norms, Some(1.0));
        let count = |side: bool| {
            let bins = histogram.bins().filter(|(_, _, _, beyond)| *beyond == side);
            bins.map(|(_, _, count, _)| count).sum::<u64>()
        };
        assert_eq!((count(false), count(true), histogram.beyond), (3, 2, 2));
        assert!(histogram.bins().any(|(_, end, _, _)| (end - 1.0).abs() < 1e-12));
    }

    #[test]
    fn a_bound_far_away_is_not_drawn() {
        let far = Histogram::new(&[0.3, 0.5], Some(10.0));
        assert_eq!((far.bound, far.beyond, far.range().end < 0.6), (None, 0, true));
        let below = Histogram::new(&[3.0, 5.0], Some(1.0));
        assert_eq!((below.bound, below.beyond), (None, 2));
        assert!(below.bins().all(|(_, _, _, beyond)| beyond));
    }
}

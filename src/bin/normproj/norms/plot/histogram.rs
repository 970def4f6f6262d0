//! How often norms occur.

use std::ops::Range;

/// About so many bins are drawn, more where there are more norms.
const BINS: Range<f64> = 20.0..40.0;
/// Norms that differ by less than this part of the largest are drawn as if they did: the ticks of the
/// axis would be too long to read.
const NARROWEST: f64 = 0.05;

/// Bins of one width. A norm at the edge of two belongs to the lower, as one at the bound is inside.
#[derive(Debug, PartialEq)]
pub struct Histogram {
    low: f64,
    width: f64,
    pub bins: Vec<Bin>,
    /// How many are larger than the bound.
    pub beyond: u64,
    /// How many are not finite.
    pub missing: u64,
    /// The bound, if it is where the norms are.
    pub bound: Option<f64>,
}

/// How many norms lie between two edges.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Those that are not larger than the bound.
    pub inside: u64,
    /// Those that are.
    pub beyond: u64,
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
        let count = (((high - low) / width).ceil() as usize).max(1);
        let mut bins = vec![Bin::default(); count];
        for norm in finite() {
            let bin = (((norm - low) / width).ceil() as usize).saturating_sub(1).min(count - 1);
            match bound {
                Some(bound) if norm > bound => bins[bin.max(inside).min(count - 1)].beyond += 1,
                // Whatever the quotient was rounded to.
                Some(_) if inside > 0 => bins[bin.min(inside - 1)].inside += 1,
                _ => bins[bin].inside += 1,
            }
        }
        let beyond = bins.iter().map(|bin| bin.beyond).sum();
        let missing = norms.len() - finite().count();
        Histogram { low, width, bins, beyond, missing: missing as u64, bound: shown }
    }

    /// The norms from the first bin to the last.
    pub fn range(&self) -> Range<f64> {
        self.low..self.edge(self.bins.len())
    }

    /// The lower edge of a bin.
    pub fn edge(&self, bin: usize) -> f64 {
        self.low + self.width * bin as f64
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
            let counted: u64 = histogram.bins.iter().map(|bin| bin.inside + bin.beyond).sum();
            assert_eq!(counted, finite.clone().count() as u64);
            assert!((1..=100).contains(&histogram.bins.len()), "{histogram:?}");
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
        let bins = || histogram.bins.iter().enumerate();
        let edge = bins().map(|(i, _)| i).find(|&i| (histogram.edge(i) - 1.0).abs() < 1e-12);
        let edge = edge.expect("the bound is an edge");
        assert!(bins().all(|(i, bin)| if i < edge { bin.beyond == 0 } else { bin.inside == 0 }));
        assert_eq!((histogram.beyond, histogram.bins[edge - 1].inside), (2, 1));
        // Where it cannot, counts are still right.
        let wide = Histogram::new(&[1.0, 3e38], Some(1200.0));
        assert_eq!((wide.bins[0].inside, wide.beyond), (1, 1));
    }

    #[test]
    fn a_bound_far_away_is_not_drawn() {
        let far = Histogram::new(&[0.3, 0.5], Some(10.0));
        assert_eq!((far.bound, far.beyond, far.range().end < 0.6), (None, 0, true));
        let below = Histogram::new(&[3.0, 5.0], Some(1.0));
        assert_eq!((below.bound, below.beyond), (None, 2));
    }
}

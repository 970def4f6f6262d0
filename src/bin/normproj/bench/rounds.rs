//! How often a case is timed on the CPU.

/// As many runs as fit into a second, and not fewer than a median needs.
const BUDGET_MS: f64 = 1000.0;
const FEWEST: usize = 7;
const MOST: usize = 31;

/// Runs of a case of which one, with what is restored for it, takes so many milliseconds.
pub fn of(ms: f64) -> usize {
    ((BUDGET_MS / ms) as usize).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_takes_long_is_timed_less_often() {
        let runs = [0.0, 1.0, 50.0, 1e4, f64::INFINITY, f64::NAN].map(super::of);
        assert_eq!(runs, [31, 31, 20, 7, 7, 7]);
    }
}

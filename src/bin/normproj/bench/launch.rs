//! Where the cost of a launch ends.

use serde::Serialize;

use super::measurement::Measurement;

/// Families of cases that grow, by the beginning of their names.
pub const FAMILIES: [&str; 3] = ["rows", "columns", "clip"];

/// What a family takes however small its tensors, and the elements of which half of the time is that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Launch {
    pub family: &'static str,
    pub violating: f64,
    pub us: f64,
    /// From here on it is less than half of the time; none if that is beyond what was measured.
    pub elements: Option<f64>,
}

impl Launch {
    /// In words, as a line.
    pub fn line(&self) -> String {
        let Launch { family, violating, us, elements } = self;
        let ends = match elements {
            Some(elements) => format!("half of the time at {elements:.1e} elements"),
            None => "half of the time at least in all that was measured".to_string(),
        };
        format!("{family}, {}% outside: a launch takes {us:.1} µs, {ends}\n", 100.0 * violating)
    }
}

/// Of each family in what was measured.
pub fn all(cases: &[Measurement]) -> Vec<Launch> {
    let of = |(family, violating)| {
        let line = line(cases, family, violating);
        Some(Launch { family, violating, us: floor(&line)?, elements: end(&line) })
    };
    let each = |violating| FAMILIES.map(|family| (family, violating));
    [0.0, 1.0].into_iter().flat_map(each).filter_map(of).collect()
}

/// Elements and microseconds of a family.
pub fn line(cases: &[Measurement], family: &str, violating: f64) -> Vec<(f64, f64)> {
    let is_one = |case: &&Measurement| case.id.starts_with(family) && case.violating == violating;
    let elements = |case: &Measurement| case.shape.iter().product::<usize>() as f64;
    cases.iter().filter(is_one).map(|case| (elements(case), case.ms * 1e3)).collect()
}

fn floor(line: &[(f64, f64)]) -> Option<f64> {
    line.iter().map(|&(_, us)| us).min_by(f64::total_cmp)
}

/// Where a line that ascends in elements leaves twice its least time for good, between two points as they are drawn: in
/// decades.
fn end(line: &[(f64, f64)]) -> Option<f64> {
    let twice = 2.0 * floor(line)?;
    let last = line.iter().rposition(|&(_, us)| us <= twice)?;
    let (&(few, below), &(many, above)) = (line.get(last)?, line.get(last + 1)?);
    Some(few * (many / few).powf((twice / below).ln() / (above / below).ln()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_ends_where_moving_takes_as_long() {
        let line = |floor: f64, rate: f64| -> Vec<(f64, f64)> {
            (7..=27).map(|e| 2f64.powi(e)).map(|n| (n, floor + n / rate)).collect()
        };
        let found = end(&line(5.0, 1000.0)).expect("it ends");
        assert!((found / 5000.0 - 1.0).abs() < 0.1, "{found}");
        assert_eq!(end(&line(5.0, 1e9)), None);
        assert_eq!(end(&[]), None);
    }

    #[test]
    fn families_are_told_apart() {
        let case = |id: &str, n, ms, violating| Measurement {
            id: id.into(),
            shape: vec![n],
            ms,
            violating,
            ..Measurement::default()
        };
        let cases = [
            case("rows_2^7", 128, 0.001, 0.0),
            case("rows_2^9", 512, 0.003, 0.0),
            case("clip_2^7", 128, 0.004, 1.0),
        ];
        let [rows, clip] = all(&cases)[..] else { panic!("two families") };
        assert_eq!((rows.family, rows.us), ("rows", 1.0));
        // Two on a straight line from one to three, in decades.
        let between = 128.0 * 4f64.powf(2f64.ln() / 3f64.ln());
        assert!(rows.elements.is_some_and(|found| (found / between - 1.0).abs() < 1e-12));
        assert_eq!((clip.family, clip.us, clip.elements), ("clip", 4.0, None));
    }
}

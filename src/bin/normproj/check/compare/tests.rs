//! A comparator that accepts everything is worse than none: each rule meets a planted error.

use super::*;

/// Two slices of two: `[3, 4]` of norm 5, which is scaled to 1, and `[0.3, 0.4]`, which is kept.
const BEFORE: [f32; 4] = [3.0, 4.0, 0.3, 0.4];

fn exact() -> [f64; 4] {
    [0.6, 0.8, f64::from(BEFORE[2]), f64::from(BEFORE[3])]
}

fn bound(rounding: Rounding) -> Bound {
    Bound { radius: 1.0, margin: Margin::f32(20), rounding, native: false }
}

fn compare(before: [f32; 4], after: [f32; 4], rounding: Rounding) -> Found {
    projected(&before, &after, &exact(), &[vec![0, 1], vec![2, 3]], &bound(rounding))
}

/// What a device that keeps the contract would give.
fn good() -> [f32; 4] {
    let shrink = 1.0 - bound(Rounding::Feasible).margin.kappa;
    [(0.6 * shrink) as f32, (0.8 * shrink) as f32, 0.3, 0.4]
}

#[test]
fn a_good_result_passes() {
    let worst = compare(BEFORE, good(), Rounding::Feasible).unwrap();
    assert!((0.4..0.6).contains(&worst), "{worst}");
}

#[test]
fn a_kept_slice_that_lost_a_bit_is_found() {
    let mut after = good();
    after[2] = f32::from_bits(after[2].to_bits() + 1);
    assert!(compare(BEFORE, after, Rounding::Feasible).unwrap_err().contains("keep its bits"));
}

#[test]
fn a_result_beyond_the_radius_is_found() {
    let mut after = good();
    // Within the allowed error, but outside.
    after[..2].copy_from_slice(&[0.600_000_1, 0.800_000_1]);
    assert!(compare(BEFORE, after, Rounding::Feasible).unwrap_err().contains("ends with norm"));
    assert!(compare(BEFORE, after, Rounding::Nearest).is_ok());
}

#[test]
fn an_inaccurate_result_is_found() {
    let mut after = good();
    after[0] *= 0.999_99;
    assert!(compare(BEFORE, after, Rounding::Feasible).unwrap_err().contains("instead of"));
    after[0] = f32::NAN;
    assert!(compare(BEFORE, after, Rounding::Feasible).unwrap_err().contains("instead of"));
    // A slice that was forgotten.
    assert!(compare(BEFORE, BEFORE, Rounding::Feasible).is_err());
}

#[test]
fn a_touched_nan_is_found() {
    let mut before = BEFORE;
    before[1] = f32::NAN;
    let mut after = before;
    after[2..].copy_from_slice(&good()[2..]);
    assert!(compare(before, after, Rounding::Feasible).is_ok());
    after[1] = f32::from_bits(f32::NAN.to_bits() + 1);
    assert!(compare(before, after, Rounding::Feasible).is_err());
    after[1] = before[1];
    after[0] = 0.0;
    assert!(compare(before, after, Rounding::Feasible).is_err());
}

#[test]
fn wrong_norms_are_found() {
    let exact = [5.0, 0.0, f64::NAN, 6e38];
    let good = [5.0, 0.0, f32::NAN, f32::INFINITY];
    assert!(norms(&good, &exact, 1e-6).is_ok());
    assert!(norms(&good[..3], &exact, 1e-6).is_err());
    for (slice, wrong) in [(0, 5.0001), (0, f32::NAN), (1, 1e-30), (2, 1.0), (3, 1e38)] {
        let mut bad = good;
        bad[slice] = wrong;
        assert!(norms(&bad, &exact, 1e-6).is_err(), "{wrong}");
    }
}

#[test]
fn a_wrong_report_is_found() {
    let exact = [5.0, 0.5, 0.0, f64::NAN];
    let mut good = Report::default();
    (good.slices, good.changed, good.zero, good.non_finite) = (4, 1, 1, 1);
    (good.first_non_finite, good.largest_norm, good.mean_norm) = (Some(3), 5.0, 5.5 / 3.0);
    let check = |report: &Report| super::report(report, &exact, &bound(Rounding::Feasible));
    assert_eq!(check(&good), Ok(()));
    let plant: [fn(&mut Report); 8] = [
        |r| r.slices += 1,
        |r| r.changed = 0,
        |r| r.changed = 2,
        |r| r.zero = 0,
        |r| r.non_finite = 0,
        |r| r.first_non_finite = None,
        |r| r.largest_norm = 4.9,
        |r| r.mean_norm = f64::NAN,
    ];
    for (number, plant) in plant.iter().enumerate() {
        let mut bad = good;
        plant(&mut bad);
        assert!(check(&bad).is_err(), "error {number}");
    }
}

#[test]
fn bits_are_compared_as_bits() {
    assert_eq!(same_bits(&[0.0, f32::NAN], &[0.0, f32::NAN]), Ok(()));
    assert_eq!(same_bits(&[1.0, 0.0], &[1.0, -0.0]), Err(1));
    assert_eq!(same_bits(&[1.0], &[]), Err(0));
}

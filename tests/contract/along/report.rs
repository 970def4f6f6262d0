//! Reports of slices that move along a direction.

use normproj::Report;

use super::judge::Counts;

pub fn check(found: &Report, counts: &Counts) -> Result<(), String> {
    let within = |value: u64, [least, most]: [u64; 2]| (least..=most).contains(&value);
    // Sums of norms near the end of f64 may leave it.
    let near = |value: f64, exact: f64| {
        value == exact || counts.error.is_infinite() || (value - exact).abs() <= counts.error
    };
    for (right, what) in [
        (found.slices == counts.slices, "slices"),
        (within(found.changed, counts.changed), "changed"),
        (found.zero == counts.zero, "zero"),
        (found.non_finite == counts.non_finite, "non_finite"),
        (found.first_non_finite == counts.first_non_finite, "first_non_finite"),
        (within(found.degenerate, counts.degenerate), "degenerate"),
        (near(found.largest_norm, counts.largest), "largest_norm"),
        (near(found.mean_norm, counts.mean), "mean_norm"),
        (found.smallest_factor == 1.0, "smallest_factor"),
        (found.invalid == counts.invalid, "invalid"),
    ] {
        if !right {
            return Err(format!("{what} is wrong; expected {counts:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_wrong_number_is_caught() {
    let counts = Counts {
        slices: 5,
        changed: [1, 2],
        zero: 1,
        non_finite: 1,
        first_non_finite: Some(3),
        degenerate: [1, 1],
        invalid: 1,
        largest: 2.0,
        mean: 0.5,
        error: 1e-6,
    };
    let mut right = Report::default();
    right.slices = 5;
    right.changed = 2;
    right.zero = 1;
    right.non_finite = 1;
    right.first_non_finite = Some(3);
    right.degenerate = 1;
    right.invalid = 1;
    right.largest_norm = 2.0 + 1e-7;
    right.mean_norm = 0.5;
    right.smallest_factor = 1.0;
    assert_eq!(check(&right, &counts), Ok(()));
    let spoil: [fn(&mut Report); 10] = [
        |r| r.slices = 4,
        |r| r.changed = 3,
        |r| r.zero = 0,
        |r| r.non_finite = 2,
        |r| r.first_non_finite = None,
        |r| r.degenerate = 0,
        |r| r.largest_norm = 2.1,
        |r| r.mean_norm = 0.4,
        |r| r.smallest_factor = 0.5,
        |r| r.invalid = 0,
    ];
    for spoil in spoil {
        let mut report = right;
        spoil(&mut report);
        assert!(check(&report, &counts).is_err(), "{report:?}");
    }
}

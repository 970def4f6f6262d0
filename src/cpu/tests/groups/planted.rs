//! The comparison must catch an error that is planted.

use super::fault::fault;
use super::{After, Case, profile};
use crate::layout::Layout;
use crate::model::Clip;
use crate::plan::group::Region;

/// Two tensors with a gap between them, scaled by 0.2.
fn case() -> Case {
    let members = vec![
        (0, Layout::strided([2], [1], 0).unwrap()),
        (0, Layout::strided([1], [1], 3).unwrap()),
    ];
    Case::new(Clip::global_norm(1.0), vec![vec![3.0, -0.0, 9.0, -4.0]], members)
}

/// What the comparison says of a clip whose outcome was spoilt.
fn spoilt(spoil: impl Fn(&mut After)) -> Option<String> {
    let case = case();
    let mut after = case.run(&profile(64));
    spoil(&mut after);
    fault(&case, &after)
}

#[test]
fn elements_that_are_off_are_caught() {
    assert_eq!(spoilt(|_| {}), None);
    let kappa = 6.1 / f64::from(1 << 24);
    let scaled =
        |factor: f64| move |after: &mut After| after.memories[0][0] = (0.6 * factor) as f32;
    assert_eq!(spoilt(scaled(1.0 - 1.5 * kappa)), None);
    assert!(spoilt(scaled(1.0 - 2.5 * kappa)).is_some(), "too small");
    assert!(spoilt(scaled(1.0 + 2.5 * kappa)).is_some(), "too large");
    for (place, value) in [(0, f32::NAN), (0, 3.0), (1, 0.0), (2, 9.5), (3, 0.8)] {
        assert!(spoilt(|after| after.memories[0][place] = value).is_some(), "{place}: {value}");
    }
}

#[test]
fn verdicts_that_are_off_are_caught() {
    let report = |spoil: fn(&mut crate::model::GroupReport)| {
        spoilt(|after| spoil(after.report.as_mut().unwrap()))
    };
    assert!(report(|report| report.total.norm *= 1.0 + 1e-9).is_some());
    assert!(report(|report| report.total.scale *= 1.0 + 1e-6).is_some());
    assert!(report(|report| report.tensors[1].norm = f64::NAN).is_some());
    assert!(report(|report| report.tensors.swap(0, 1)).is_some());
    assert!(report(|report| report.tensors.truncate(1)).is_some());
    assert!(spoilt(|after| after.report = Err(crate::Error::NoReport)).is_some());
}

#[test]
fn results_that_are_off_are_caught() {
    for region in [Region::Norm, Region::Scale, Region::HalfSquare, Region::NonFinite] {
        for i in 0..3 {
            let spoil = |after: &mut After| {
                let place = after.plan.results().start(region) + i;
                after.results[place] += 1e-5;
            };
            assert!(spoilt(spoil).is_some(), "{region:?} {i}");
        }
    }
}

//! Planted errors in every set.

use normproj::plan::margin::Margin;
use normproj::{
    Compat, Context, DType, Layout, Norm, Projection, Request, Rounding, ZeroSlice, reference,
};

use crate::judge::limits::Fate;
use crate::judge::{Limits, Memory, Rule, check, check_again};

const X: [f32; 4] = [3.0, -4.0, 0.5, 0.0];

/// The rules that a result of `projection` breaks which a backend of this margin made honestly, and
/// `plant` spoilt.
fn judged(projection: Projection, plant: impl Fn(&mut [f32])) -> Vec<Rule> {
    of(projection, &X, plant)
}

fn of(projection: Projection, x: &[f32], plant: impl Fn(&mut [f32])) -> Vec<Rule> {
    let layout = Layout::contiguous([x.len()]).expect("small");
    let plan = Context::cpu().plan(&Request::in_place(projection, layout)).expect("valid");
    let exact = reference::project(&projection, x, &layout).expect("valid");
    let ball = projection.set().norm() != Norm::Linf && projection.rounds() != Rounding::Nearest;
    let inside = if ball { 1.0 - plan.margin().of(projection.norm()).kappa } else { 1.0 };
    let kept = exact.iter().zip(x).all(|(&y, &x)| y == f64::from(x));
    let honest = |y: &f64| if kept { *y as f32 } else { (y * inside) as f32 };
    let mut y: Vec<f32> = exact.iter().map(honest).collect();
    plant(&mut y);
    let memory = |elements| Memory { layout: &layout, elements };
    let (before, after) = (memory(x), memory(&y));
    let found = check(&projection, plan.margin(), before, before, after).err().unwrap_or_default();
    found.iter().map(|violation| violation.rule).collect()
}

fn moving() -> [Projection; 8] {
    [
        Projection::max_norm(2.0, 0).norm_in(Norm::L1),
        Projection::max_norm(2.0, 0).norm_in(Norm::lp(3.0).expect("in range")),
        Projection::unit_norm(0),
        Projection::min_max_norm(1.0, 2.0, 0),
        Projection::ball(Norm::L1, 2.0, 0),
        Projection::sphere(Norm::L1, 2.0, 0),
        Projection::sphere(Norm::L1, 200.0, 0),
        Projection::simplex(2.0, 0),
    ]
}

#[test]
fn an_error_of_one_element_is_caught() {
    for projection in moving() {
        assert_eq!(judged(projection, |_| ()), [], "{projection}");
        let shifted = judged(projection, |y| y[0] *= 1.0 + 1e-5);
        assert!(shifted.contains(&Rule::Accurate), "{projection}: {shifted:?}");
        let lost = judged(projection, |y| y[0] = f32::NAN);
        assert!(lost.contains(&Rule::Accurate), "{projection}: {lost:?}");
        let sign = judged(projection, |y| y[0] = -y[0]);
        assert!(sign.contains(&Rule::Accurate), "{projection}: {sign:?}");
    }
}

#[test]
fn a_slice_that_leaves_its_set_is_caught() {
    for projection in moving() {
        let grown = judged(projection, |y| y.iter_mut().for_each(|y| *y *= 1.0 + 2e-6));
        assert!(grown.contains(&Rule::Feasible), "{projection}: {grown:?}");
        let left = judged(projection, |y| y.copy_from_slice(&X));
        assert!(left.contains(&Rule::Accurate), "{projection}: {left:?}");
    }
    let fallen = |y: &mut [f32]| y.iter_mut().for_each(|y| *y *= 1.0 - 4e-6);
    for projection in [Projection::unit_norm(0), Projection::simplex(2.0, 0)] {
        assert!(judged(projection, fallen).contains(&Rule::Feasible), "{projection}");
    }
    let short = of(Projection::min_max_norm(1.0, 2.0, 0), &[0.25, 0.0], fallen);
    assert!(short.contains(&Rule::Feasible), "{short:?}");
    let negative = judged(Projection::simplex(2.0, 0), |y| y[1] = -1e-7);
    assert!(negative.contains(&Rule::Feasible), "{negative:?}");
}

#[test]
fn a_bit_of_a_kept_slice_is_caught() {
    for projection in [
        Projection::max_norm(20.0, 0).norm_in(Norm::L1),
        Projection::ball(Norm::L1, 8.0, 0),
        Projection::min_max_norm(1.0, 8.0, 0),
        Projection::unit_norm(0)
            .with_radius(X.map(|x| f64::from(x).powi(2)).iter().sum::<f64>().sqrt()),
        Projection::sphere(Norm::L1, 7.5, 0),
    ] {
        assert_eq!(judged(projection, |y| y.copy_from_slice(&X)), [], "{projection}");
        let ulp = judged(projection, |y| {
            y.copy_from_slice(&X);
            y[0] = 3.0f32.next_up();
        });
        assert_eq!(ulp, [Rule::Inside], "{projection}");
    }
}

#[test]
fn boxes_are_exact() {
    let boxes = [
        Projection::bounds(-1.0, 1.0),
        Projection::bounds(-1.0, 1.0).rounding(Rounding::Nearest),
        Projection::ball(Norm::Linf, 1.0, 0),
        Projection::ball(Norm::Linf, 1.0, 0).rounding(Rounding::Nearest),
    ];
    for projection in boxes {
        assert_eq!(judged(projection, |_| ()), [], "{projection}");
        assert_eq!(judged(projection, |y| y[2] = 0.5f32.next_up()), [Rule::Accurate], "inside");
        assert_eq!(judged(projection, |y| y[0] = 1.0f32.next_down()), [Rule::Accurate], "short");
        let left = judged(projection, |y| y.copy_from_slice(&X));
        assert!(left.contains(&Rule::Accurate), "{projection} left alone: {left:?}");
        let zero = judged(projection, |y| y[3] = -0.0);
        assert_eq!(zero, [Rule::Accurate], "{projection}: the sign of a zero");
    }
    // Without a number above zero, and with a radius that is subnormal.
    for projection in [Projection::bounds(-3.0, -2.0), Projection::ball(Norm::Linf, 1e-40, 0)] {
        assert_eq!(judged(projection, |_| ()), [], "{projection}");
        let left = judged(projection, |y| y[0] = X[0]);
        assert!(left.contains(&Rule::Accurate), "{projection}: {left:?}");
    }
    let spoilt = of(Projection::ball(Norm::Linf, 1.0, 0), &[f32::INFINITY, 3.0], |y| y[1] = 1.0);
    assert_eq!(spoilt, [Rule::NonFinite]);
}

#[test]
fn other_formulas_meet_the_oracle() {
    for projection in [
        Projection::max_norm(2.0, 0).compat(Compat::Keras),
        Projection::max_norm(20.0, 0).compat(Compat::Keras).with_epsilon(0.5),
        Projection::max_norm(2.0, 0).compat(Compat::Torch),
        Projection::unit_norm(0).compat(Compat::TensorFlow),
        Projection::min_max_norm(1.0, 2.0, 0).compat(Compat::Keras),
    ] {
        assert_eq!(judged(projection, |_| ()), [], "{projection}");
        let off = judged(projection, |y| y[0] *= 1.0 + 1e-6);
        assert_eq!(off, [Rule::Accurate], "{projection}");
        let left = judged(projection, |y| y.copy_from_slice(&X));
        assert_eq!(left, [Rule::Accurate], "{projection} left alone");
    }
}

#[test]
fn zeros_become_what_they_are_to_become() {
    let zeros = [0.0f32, -0.0, 0.0];
    let kept = Projection::unit_norm(0);
    let basis = kept.zero_slices(ZeroSlice::BasisVector);
    assert_eq!(of(kept, &zeros, |_| ()), []);
    assert_eq!(of(kept, &zeros, |y| y[0] = 1.0), [Rule::Inside]);
    assert_eq!(of(basis, &zeros, |y| y[0] = 1.0), []);
    assert_eq!(of(basis, &zeros, |y| y[0] = 0.0), [Rule::Accurate]);
    assert_eq!(of(basis, &zeros, |y| (y[0], y[1]) = (0.0, 1.0)), [Rule::Accurate]);
}

#[test]
fn a_second_time_that_differs_is_caught() {
    let layout = Layout::contiguous([4]).expect("small");
    let again = |projection: Projection| {
        let once: Vec<f32> = reference::project(&projection, &X, &layout)
            .expect("valid")
            .iter()
            .map(|&y| y as f32)
            .collect();
        let mut twice = once.clone();
        twice[0] = once[0].next_down();
        let memory = |elements| Memory { layout: &layout, elements };
        let plan = Context::cpu().plan(&Request::in_place(projection, layout)).expect("valid");
        let (x, once, twice) = (memory(&X[..]), memory(&once), memory(&twice));
        check_again(&projection, plan.margin(), x, once, twice).is_err()
    };
    assert!(moving().into_iter().all(again));
    assert!(again(Projection::bounds(-1.0, 1.0).rounding(Rounding::Nearest)));
    assert!(!again(Projection::min_max_norm(1.0, 2.0, 0).rate(0.5)), "by nature");
    assert!(!again(Projection::unit_norm(0).compat(Compat::Keras)));
}

/// A band around a sphere is kept whole, unless results are rounded to nearest: there is none then.
#[test]
fn to_nearest_no_band_is_kept() {
    let margin = Margin::f32(30);
    for sphere in [Projection::unit_norm(0), Projection::simplex(1.0, 0)] {
        let fate =
            |sphere: Projection, x: f32| Limits::new(&sphere, DType::F32, 1, margin).fate(&[x]);
        assert_eq!(fate(sphere, 1.0f32.next_up()), Fate::Kept, "{sphere}");
        assert_eq!(fate(sphere, 1.001), Fate::Moved, "{sphere}");
        assert_eq!(fate(sphere.rounding(Rounding::Nearest), 1.0f32.next_up()), Fate::Either);
    }
}

#[test]
fn subnormal_numbers_excuse_where_they_matter_and_nowhere_else() {
    let normal = |norm: Norm, x: &[f32]| {
        let projection = Projection::unit_norm(0).norm_in(norm).with_radius(1e-30);
        Limits::new(&projection, DType::F32, x.len(), super::MARGIN).normal(x)
    };
    let half = Norm::lp(0.5).expect("in range");
    // Elements of 1e-30, and one that becomes 1e-39: 3e-5 of the roots, nothing of the magnitudes.
    for (norm, matters) in [(half, true), (Norm::L1, false), (Norm::L2, false), (Norm::Linf, false)]
    {
        assert!(normal(norm, &[1.0, 1.0]), "{norm}");
        assert_eq!(normal(norm, &[1.0, 1e-9]), !matters, "{norm}");
        assert!(normal(norm, &[1.0, 0.0]), "{norm}");
    }
    // A hundred are 1e-7 of the magnitudes, and ten thousand more than the margin has.
    let many = |count: usize| [vec![1.0], vec![1e-9; count]].concat();
    assert!(normal(Norm::L1, &many(100)) && !normal(Norm::L1, &many(10_000)));
}

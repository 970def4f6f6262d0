//! The calls with radii in memory, by hand, and what they refuse.

use normproj::{Context, DType, DeviceBuffer, Error, Layout, Norm, Projection, Request, reference};

use crate::contexts::contexts;
use crate::values::hash;

fn tensor(context: &Context, values: &[f32], shape: &[usize]) -> DeviceBuffer {
    context.upload(values, shape).expect("upload")
}

/// What the device holds counts when work runs: nothing is planned or bound again.
#[test]
fn radii_change_without_a_plan() {
    for context in contexts() {
        let x = tensor(context, &[3.0, 4.0, 6.0, 8.0], &[2, 2]);
        let radius = tensor(context, &[5.0], &[1]);
        let projection = Projection::max_norm(1.0, 1);
        let run = || context.project_with_radii(&projection, &x, &radius).expect("valid");
        for (c, expected) in [(20.0, 10.0), (2.5, 2.5), (2.0, 2.0), (f32::NAN, 2.0), (0.0, 0.0)] {
            radius.write(&[c]).expect("write");
            run();
            let y = x.read().expect("read");
            let found = f64::from(y[2]).hypot(y[3].into());
            let near = (found - expected).abs() <= 1e-5 * expected;
            assert!(near, "{c}: {found}, not {expected} on {}", context.describe());
        }
    }
}

/// Adaptive gradient clipping: norms of weights, which nobody reads, are the radii of gradients.
#[test]
fn norms_on_the_device_are_radii() {
    for context in contexts() {
        let weights: Vec<f32> =
            (0..2000).map(|i| (hash(5, i) % 200) as f32 / 100.0 - 1.0).collect();
        let gradient: Vec<f32> =
            (0..2000).map(|i| (hash(6, i) % 200) as f32 / 10.0 - 10.0).collect();
        let (w, g) = (tensor(context, &weights, &[50, 40]), tensor(context, &gradient, &[50, 40]));
        let norms = context.zeros([40]).expect("zeros");
        let clip = Projection::clip_norm(0.01, 0).least_radius(1e-3);
        let layout = Layout::contiguous([50, 40]).expect("small");
        let exact = reference::norms(Norm::L2, 0, &weights, &layout).expect("valid");
        let exact =
            reference::project_with_radii(&clip, &gradient, &layout, &exact).expect("valid");
        context.norms(Norm::L2, 0, &w, &norms).expect("valid");
        let report = context.project_with_radii_reported(&clip, &g, &norms).expect("valid");
        let report = report.wait().expect("a report");
        assert_eq!((report.slices, report.changed, report.invalid), (40, 40, 0));
        for (y, exact) in g.read().expect("read").into_iter().zip(exact) {
            let off = (f64::from(y) - exact.high).abs();
            assert!(off <= 2e-5 * exact.high.abs(), "{y} {}", exact.high);
        }
    }
}

/// Weights and their radii in one memory, as in an arena: all of a buffer is bound in one way.
#[test]
fn radii_in_the_memory_of_the_tensor() {
    for context in contexts() {
        let mut values = vec![0.0f32; 1000];
        (0..600).for_each(|i| values[256 + i] = (hash(5, i) % 200) as f32 / 100.0 - 1.0);
        (0..30).for_each(|i| values[i] = 0.1 * i as f32);
        let arena = tensor(context, &values, &[1000]);
        let layout = Layout::contiguous([20, 30]).expect("small").at(256).expect("small");
        let x = arena.view(layout).expect("inside");
        let radii = arena.view(Layout::contiguous([30]).expect("small")).expect("inside");
        let projection = Projection::unit_norm(0);
        let target = context.zeros([20, 30]).expect("zeros");
        context.project_into_with_radii(&projection, &x, &target, &radii).expect("valid");
        context.project_with_radii(&projection, &x, &radii).expect("valid");
        let (there, here) = (target.read().expect("read"), arena.read().expect("read"));
        assert_eq!(there[..], here[256..856]);
        assert_eq!(values[..256], here[..256]);
        for (slice, r) in values[..30].iter().enumerate() {
            let n = there.iter().skip(slice).step_by(30).map(|y| f64::from(y * y)).sum::<f64>();
            assert!((n.sqrt() - f64::from(*r)).abs() <= 1e-5, "{slice}: {}", n.sqrt());
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for context in contexts() {
        let x = tensor(context, &[1.0; 12], &[3, 4]);
        let radii = tensor(context, &[1.0; 4], &[4]);
        let by = |projection: Projection, radii: &DeviceBuffer| {
            context.project_with_radii(&projection, &x, radii).expect_err("refused")
        };
        let error = by(Projection::non_negative(), &radii);
        assert!(matches!(error, Error::NoRadii { .. }), "{error:?}");
        let along = context.project_along_with_radii(&Projection::line(0), &x, &x, &radii);
        assert!(matches!(along, Err(Error::NoRadii { .. })), "{along:?}");
        let three = tensor(context, &[1.0; 3], &[3]);
        let max_norm = Projection::max_norm(1.0, 0);
        assert_eq!(by(max_norm, &three), Error::RadiusCount { slices: 4, found: 3 });
        let halves = context.zeros_as([4], DType::F16).expect("zeros");
        assert!(matches!(by(max_norm, &halves), Error::Dtype { found: DType::F16, .. }));
        let own = x.view(Layout::contiguous([4]).expect("small")).expect("inside");
        assert!(matches!(by(max_norm, &own), Error::Overlap { .. }));
        for least in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(by(max_norm.least_radius(least), &radii), Error::Radius { .. }));
        }
        let elsewhere = tensor(&Context::cpu(), &[1.0; 4], &[4]);
        assert!(matches!(by(max_norm, &elsewhere), Error::OtherContext { .. }));
        let plan = context.plan(&Request::in_place(max_norm, *x.layout())).expect("valid");
        let given = context.run_with_radii(&plan, &x, &x, Some(&radii));
        assert!(matches!(given, Err(Error::PlanMismatch { .. })));
        let request = Request::in_place(max_norm, *x.layout()).with_radii(*radii.layout());
        let missing = context.run(&context.plan(&request).expect("valid"), &x, &x);
        assert!(matches!(missing, Err(Error::PlanMismatch { .. })));
    }
}

/// A number for each slice of every set that takes radii, and what becomes of elements by hand.
#[test]
fn every_set_obeys_its_own_radius() {
    let rows = [3.0f32, -1.0, 0.5, 3.0, -1.0, 0.5, 3.0, -1.0, 0.5];
    for context in contexts() {
        for (projection, radii, expected) in [
            (
                Projection::ball(Norm::L1, 1.0, 1),
                [2.0, 3.0, f32::NAN],
                [[2.0, 0.0, 0.0], [2.5, -0.5, 0.0]],
            ),
            (
                Projection::ball(Norm::Linf, 0.5, 1),
                [1.0, 4.0, -1.0],
                [[0.5, -0.5, 0.5], [2.0, -1.0, 0.5]],
            ),
            (
                Projection::sphere(Norm::L1, 2.0, 1),
                [1.0, 3.0, f32::INFINITY],
                [[2.0, 0.0, 0.0], [3.5, -1.5, 1.0]],
            ),
            (Projection::simplex(1.0, 1), [1.0, 3.0, -1.0], [[1.0, 0.0, 0.0], [2.75, 0.0, 0.25]]),
        ] {
            let x = tensor(context, &rows, &[3, 3]);
            let radii = tensor(context, &radii, &[3]);
            let report = context.project_with_radii_reported(&projection, &x, &radii);
            let report = report.expect("valid").wait().expect("a report");
            let place = || format!("{projection} on {}: {report:?}", context.describe());
            assert_eq!(
                (report.changed, report.invalid, report.smallest_factor),
                (2, 1, 1.0),
                "{}",
                place()
            );
            let y = x.read().expect("read");
            for (y, exact) in y.iter().zip(expected.as_flattened()) {
                assert!((y - exact).abs() <= 3e-5, "{y}, not {exact}: {}", place());
            }
            assert_eq!(y[6..], rows[6..], "{}", place());
        }
        let x = tensor(context, &[0.3, 0.4, 0.3, 0.4, 0.3, 0.4, 0.3, 0.4], &[4, 2]);
        let radii = tensor(context, &[2.0, 0.25, 0.75, f32::NAN], &[4]);
        let band = Projection::min_max_norm(0.5, 1.0, 1);
        let report = context.project_with_radii_reported(&band, &x, &radii).expect("valid");
        let report = report.wait().expect("a report");
        assert_eq!((report.changed, report.invalid), (2, 1), "{}", context.describe());
        let norms: Vec<f32> = x.read().expect("read").chunks(2).map(|y| y[0].hypot(y[1])).collect();
        for (norm, exact) in norms.into_iter().zip([1.0, 0.25, 0.5, 0.5]) {
            assert!((norm - exact).abs() <= 1e-5, "{norm}, not {exact} on {}", context.describe());
        }
    }
}

/// A product with a power of two is not rounded, so that a box is exact.
#[test]
fn a_radius_bounds_magnitudes_exactly() {
    for context in contexts() {
        let x: Vec<f32> = (0..4000).map(|i| (hash(9, i) % 2000) as f32 / 100.0 - 10.0).collect();
        let radii: Vec<f32> = (0..40).map(|i| (hash(8, i) % 1000) as f32 / 77.0).collect();
        for scale in [1.0f32, 0.5] {
            let (tensor, radii) = (tensor(context, &x, &[100, 40]), tensor(context, &radii, &[40]));
            let projection = Projection::ball(Norm::Linf, scale.into(), 0);
            context.project_with_radii(&projection, &tensor, &radii).expect("valid");
            let radii = radii.read().expect("read");
            let bounded = |(i, x): (usize, &f32)| {
                let c = scale * radii[i % 40];
                x.clamp(-c, c)
            };
            let exact: Vec<f32> = x.iter().enumerate().map(bounded).collect();
            assert_eq!(tensor.read().expect("read"), exact, "{}", context.describe());
        }
    }
}

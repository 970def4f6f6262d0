//! Heads, experts and groups of channels: parts of an axis that are axes of a view.

use normproj::plan::request::Request;
use normproj::{Axes, Context, DeviceProfile, Error, Layout, Plan, Projection, reference};

use crate::contexts::contexts;
use crate::run::{plans, prove};
use crate::values::Fill;

#[test]
fn each_head_has_its_own_norm() {
    let weights = Layout::contiguous([24, 6 * 8]).expect("small");
    let heads = weights.unflatten(1, &[6, 8]).expect("six heads of eight");
    let memory: Vec<f32> = (0..weights.len()).map(|i| Fill::Normal.value(3, i)).collect();
    for axes in [Axes::from(2), Axes::from([0, 2]), Axes::from([0, 1])] {
        let norms = reference::norms(normproj::Norm::L2, axes, &memory, &heads).expect("norms");
        let mean = norms.iter().sum::<f64>() / norms.len() as f64;
        let request = Request::in_place(Projection::max_norm(mean, axes), heads).with_report();
        for context in contexts() {
            for plan in plans(context, &request, 5) {
                prove(context, &plan, &memory, &[]);
            }
        }
    }
}

#[test]
fn heads_by_hand() {
    // Two heads of two for each of two inputs: norms 5 and 0.5, 13 and 1.
    let host = [3.0, 4.0, 0.3, 0.4, 5.0, 12.0, 0.6, 0.8];
    let weights = Context::cpu().upload(&host, [2, 4]).expect("small");
    let heads = weights.layout().unflatten(1, &[2, 2]).expect("two heads");
    let heads = weights.view(heads).expect("the same memory");
    normproj::project_max_norm(&heads, 2, 1.0).expect("projected");
    let found = weights.read().expect("read");
    let expected = [0.6, 0.8, 0.3, 0.4, 5.0 / 13.0, 12.0 / 13.0, 0.6, 0.8];
    for (y, expected) in found.iter().zip(expected) {
        assert!((y - expected).abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn parts_of_any_view_are_where_they_were() {
    let view = Layout::strided([4, 12], [1, 10], 3).expect("a transposed view with gaps");
    let parts = view.unflatten(1, &[3, 2, 2]).expect("three parts");
    assert_eq!((parts.shape(), parts.strides()), (&[4, 3, 2, 2][..], &[1, 40, 20, 10][..]));
    assert_eq!(reference::places(&parts), reference::places(&view));
    let one = view.unflatten(0, &[1, 4, 1]).expect("unit axes");
    assert_eq!(reference::places(&one), reference::places(&view));
}

#[test]
fn a_norm_over_all_parts_costs_what_one_over_the_axis_does() {
    let whole = Layout::contiguous([4096, 4096]).expect("a layout");
    let parts = whole.unflatten(0, &[32, 128]).expect("groups of rows");
    let plan = |layout, axes: Axes| {
        let request = Request::in_place(Projection::max_norm(1.0, axes), layout);
        Plan::new(&request, &DeviceProfile::h200()).expect("a plan")
    };
    let (whole, parts) = (plan(whole, Axes::from(0)), plan(parts, Axes::from([0, 1])));
    assert_eq!((whole.schedule(), whole.cost()), (parts.schedule(), parts.cost()));
}

#[test]
fn parts_that_do_not_make_up_an_axis() {
    let layout = Layout::contiguous([6, 12]).expect("small");
    let refused = |axis, sizes: &[usize]| layout.unflatten(axis, sizes).expect_err("refused");
    assert!(matches!(refused(1, &[5, 2]), Error::Unflatten { axis: 1, length: 12, .. }));
    assert!(matches!(refused(1, &[usize::MAX, 2]), Error::Unflatten { .. }));
    assert!(matches!(refused(0, &[]), Error::Unflatten { .. }));
    assert!(matches!(refused(2, &[1]), Error::AxisOutOfRange { axis: 2, .. }));
    assert!(matches!(refused(0, &[1, 1, 1, 1, 1, 1, 1, 6]), Error::Rank { .. }));
}

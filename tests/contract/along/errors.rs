//! What is refused, with its numbers.

use normproj::{Axes, Context, DType, Error, Layout, Norm, Projection, Request};

use crate::contexts::contexts;

fn planned(context: &Context, request: &Request) -> Error {
    context.plan(request).expect_err("it is refused")
}

#[test]
fn sets_and_directions_must_meet() {
    let layout = Layout::contiguous([4, 3]).expect("small");
    for context in contexts() {
        let plane = Projection::hyperplane(1.0, 1);
        let without = Request::in_place(plane, layout);
        assert!(matches!(planned(context, &without), Error::NoDirection { .. }));
        let unused = Request::in_place(Projection::max_norm(1.0, 1), layout).along(layout);
        assert!(matches!(planned(context, &unused), Error::UnusedDirection { .. }));
        let norms = Layout::contiguous([4]).expect("small");
        let norms = Request::norms(Norm::L2, 1, layout, norms).along(layout);
        assert!(matches!(planned(context, &norms), Error::UnusedDirection { .. }));
        let x = context.upload(&[1.0; 12], [4, 3]).expect("upload");
        assert!(matches!(context.project(&plane, &x), Err(Error::NoDirection { .. })));
        let other = context.upload(&[1.0; 12], [4, 3]).expect("upload");
        let ball = Projection::max_norm(1.0, 1);
        let found = context.project_along(&ball, &x, &other);
        assert!(matches!(found, Err(Error::UnusedDirection { .. })));
        let plan = context.plan(&without.along(layout)).expect("valid");
        assert!(matches!(context.run(&plan, &x, &x), Err(Error::NoDirection { .. })));
        let plan = context.plan(&Request::in_place(ball, layout)).expect("valid");
        let found = context.run_along(&plan, &x, &x, &other);
        assert!(matches!(found, Err(Error::UnusedDirection { .. })));
        if let Some(gpu) = context.as_gpu() {
            let prepared = gpu.prepare(&context.plan(&without.along(layout)).expect("valid"));
            let bound = prepared.expect("valid").bind(&x);
            assert!(matches!(bound, Err(Error::NoDirection { .. })));
        }
    }
}

#[test]
fn a_direction_must_fit() {
    for context in contexts() {
        let x = context.upload(&[1.0; 12], [4, 3]).expect("upload");
        let plane = Projection::hyperplane(1.0, 1);
        for shape in [vec![3], vec![4, 1], vec![2, 3], vec![4, 3, 1]] {
            let a = context.zeros(&shape).expect("zeros");
            let found = context.project_along(&plane, &x, &a);
            let shaped = matches!(&found, Err(Error::Shape { found, .. }) if *found == shape);
            assert!(shaped, "{shape:?}: {found:?}");
        }
        let halves = context.zeros_as([4, 3], DType::F16).expect("zeros");
        let found = context.project_along(&plane, &x, &halves);
        assert!(matches!(found, Err(Error::Dtype { found: DType::F16, .. })), "{found:?}");
        let found = context.project_along(&plane, &x, &x);
        assert!(matches!(found, Err(Error::Overlap { .. })), "{found:?}");
        let elsewhere = Context::cpu().zeros([4, 3]).expect("zeros");
        let found = context.project_along(&plane, &x, &elsewhere);
        assert!(matches!(found, Err(Error::OtherContext { .. })), "{found:?}");
    }
}

#[test]
fn an_offset_is_a_number() {
    let layout = Layout::contiguous([4, 3]).expect("small");
    let refused = |projection: Projection| {
        let request = Request::in_place(projection, layout).along(layout);
        matches!(Context::cpu().plan(&request), Err(Error::Offset { .. }))
    };
    for offset in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(refused(Projection::hyperplane(offset, 1)), "{offset}");
        assert_eq!(refused(Projection::half_space(offset, 1)), offset != f64::INFINITY);
    }
    for context in contexts() {
        let (x, a) = (context.upload(&[9.0; 4], [4]), context.upload(&[1.0; 4], [4]));
        let (x, a) = (x.expect("upload"), a.expect("upload"));
        let everything = Projection::half_space(f64::INFINITY, Axes::all());
        context.project_along(&everything, &x, &a).expect("valid");
        assert_eq!(x.read().expect("read"), [9.0; 4]);
    }
}

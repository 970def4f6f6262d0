//! Every error that a caller can cause, by its variant and by what it tells.

use normproj::plan::geometry::Walk;
use normproj::{
    Axes, Context, DeviceBuffer, DeviceProfile, Error, Layout, Norm, Plan, Projection, Request,
    Schedule, WeightLayout,
};

use crate::contexts::contexts;

/// The message of an error of this variant.
macro_rules! message {
    ($result:expr, $variant:pat) => {{
        let error: Error = $result.err().expect("an error");
        assert!(matches!(error, $variant), "another error: {error:?}");
        error.to_string()
    }};
}

fn on_each(act: impl Fn(&Context)) {
    contexts().for_each(act);
}

fn zeros(context: &Context, shape: &[usize]) -> DeviceBuffer {
    context.zeros(shape).expect("small")
}

fn project(context: &Context, shape: &[usize], axes: impl Into<Axes>) -> normproj::Result<()> {
    context.project(&Projection::max_norm(1.0, axes), &zeros(context, shape))
}

#[test]
fn a_radius_must_be_zero_or_more() {
    on_each(|context| {
        let buffer = zeros(context, &[4]);
        for (radius, shown) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
            let told = format!(
                "the radius is {shown}; it must be 0 or more (infinity leaves everything as it is)"
            );
            let result = normproj::project_max_norm(&buffer, 0, radius);
            assert_eq!(message!(result, Error::Radius { .. }), told);
        }
        for radius in [0.0, -0.0, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX] {
            normproj::project_max_norm(&buffer, 0, radius).expect("a valid radius");
        }
    });
}

#[test]
fn axes_must_be_there_and_differ() {
    on_each(|context| {
        let told = |axes, shape: &[usize]| {
            message!(project(context, shape, axes), Error::AxisOutOfRange { .. })
        };
        let one = |axis: i32| Axes::from(axis);
        assert_eq!(told(one(1), &[16]), "the tensor has shape [16]; axis 1 is not in -1..=0");
        assert_eq!(told(one(-3), &[2, 3]), "the tensor has shape [2, 3]; axis -3 is not in -2..=1");
        assert!(told(one(0), &[]).ends_with("axis 0 is not in the empty range of a scalar"));
        assert!(told(Axes::keep(2), &[2, 3]).contains("axis 2"));
        assert!(told(one(i32::MIN), &[2]).contains("axis -2147483648"));
        let twice =
            |axes: [i32; 2]| message!(project(context, &[2, 3], axes), Error::AxisTwice { .. });
        assert_eq!(twice([0, 0]), "axis 0 is named twice for shape [2, 3]");
        assert_eq!(twice([0, -2]), "axis -2 is named twice for shape [2, 3]");
        let nine = project(context, &[2, 3], [0, 1, 0, 1, 0, 1, 0, 1, 0]);
        let told = message!(nine, Error::AxisCount { count: 9, limit: 8 });
        assert_eq!(told, "9 axes are more than the 8 that a tensor can have");
    });
}

#[test]
fn axes_per_unit_need_units() {
    on_each(|context| {
        let axes = Axes::per_unit(WeightLayout::Torch);
        let told = message!(project(context, &[16], axes), Error::NoUnits { .. });
        assert!(
            told.contains("rank 2 or more") && told.contains("[16]") && told.contains("exclude it")
        );
        message!(project(context, &[], axes), Error::NoUnits { .. });
    });
}

#[test]
fn shapes_and_data_must_fit() {
    let told = message!(Layout::contiguous([1; 9]), Error::Rank { rank: 9, limit: 8 });
    assert_eq!(told, "rank 9 is more than the 8 that are supported");
    let told = message!(Layout::contiguous([1 << 40, 1 << 40]), Error::TooManyElements { .. });
    assert!(told.contains("[1099511627776, 1099511627776] is too large to address"));
    message!(Layout::contiguous([0, 1 << 40, 1 << 40]), Error::TooManyElements { .. });
    on_each(|context| {
        let told = message!(context.upload(&[1.0; 5], [2, 3]), Error::Length { .. });
        assert_eq!(told, "shape [2, 3] has 6 elements, not 5");
        message!(context.upload(&[1.0], [1; 9]), Error::Rank { rank: 9, limit: 8 });
        let (source, target) = (zeros(context, &[2, 3]), zeros(context, &[3, 2]));
        let into = context.project_into(&Projection::max_norm(1.0, 0), &source, &target);
        assert_eq!(message!(into, Error::Shape { .. }), "the target has shape [3, 2], not [2, 3]");
        let norms = context.norms(Norm::L2, 0, &source, &zeros(context, &[2]));
        assert_eq!(message!(norms, Error::Length { .. }), "shape [2] has 3 elements, not 2");
    });
}

#[test]
fn views_must_lie_inside_and_not_overlap() {
    let told = message!(Layout::strided([2, 3], [1], 0), Error::StrideCount { .. });
    assert_eq!(told, "1 strides do not fit shape [2, 3]");
    for strides in [[0, 1], [2, 1], [1, 0], [1, 1]] {
        let told = message!(Layout::strided([2, 3], strides, 0), Error::SelfOverlap { .. });
        assert!(told.contains("lets two indices share an element"), "{told}");
    }
    on_each(|context| {
        // 16 elements, so that no padding hides the end.
        let buffer = zeros(context, &[16]);
        let beyond = Layout::strided([4], [4], 4).expect("it does not overlap itself");
        let told = message!(buffer.view(beyond), Error::OutOfBounds { needed: 68, available: 64 });
        assert_eq!(told, "the view reaches byte 68 of a buffer of 64 bytes");
        let view = |offset| {
            let layout = Layout::strided([6], [1], offset).expect("one axis");
            buffer.view(layout).expect("inside")
        };
        let into =
            |target| context.project_into(&Projection::max_norm(1.0, 0), &view(0), &view(target));
        let told =
            message!(into(5), Error::Overlap { source_range: (0, 5), target_range: (5, 10) });
        assert!(told.contains("(0, 5) and (5, 10)") && told.contains("in-place"), "{told}");
        message!(into(0), Error::Overlap { .. });
        into(6).expect("neighbours");
        let norms = context.norms(Norm::L2, Axes::each(), &view(0), &view(3));
        message!(norms, Error::Overlap { .. });
    });
}

#[test]
fn buffers_belong_to_their_context() {
    let stranger = Context::cpu();
    on_each(|context| {
        let (here, there) = (zeros(context, &[4]), zeros(&stranger, &[4]));
        let projection = Projection::max_norm(1.0, 0);
        let told = message!(context.project(&projection, &there), Error::OtherContext { .. });
        assert!(told.contains(context.describe()) && told.contains(stranger.describe()), "{told}");
        for (source, target) in [(&here, &there), (&there, &here)] {
            let into = context.project_into(&projection, source, target);
            message!(into, Error::OtherContext { .. });
        }
        let norms = context.norms(Norm::L2, Axes::each(), &here, &there);
        message!(norms, Error::OtherContext { .. });
    });
}

#[test]
fn plans_fit_one_device_and_one_request() {
    on_each(|context| {
        let buffer = zeros(context, &[4]);
        let projection = Projection::max_norm(1.0, 0);
        let request = Request::in_place(projection, *buffer.layout());
        let other = Plan::new(&request, &DeviceProfile::native(77)).expect("valid");
        let told = message!(context.run(&other, &buffer, &buffer), Error::PlanMismatch { .. });
        assert!(told.contains("native CPU, 77 threads") && told.contains("made for"), "{told}");
        let plan = context.plan(&request).expect("valid");
        let larger = zeros(context, &[5]);
        let told = message!(context.run(&plan, &larger, &larger), Error::PlanMismatch { .. });
        assert!(told.contains("planned") && told.contains("[4]") && told.contains("[5]"), "{told}");
        let twin = zeros(context, &[4]);
        message!(context.run(&plan, &buffer, &twin), Error::PlanMismatch { .. });
    });
}

#[test]
fn a_schedule_must_fit_its_request() {
    on_each(|context| {
        let layout = Layout::contiguous([8, 6]).expect("small");
        let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
        let rows = if context.as_gpu().is_none() {
            Schedule::Native { walk: Walk::Rows, panel: 0 }
        } else {
            // One of the other backend.
            Schedule::Native { walk: Walk::Strided, panel: 0 }
        };
        let forced = Plan::with_schedule(&request, context.profile(), rows);
        let told = message!(forced, Error::IllegalSchedule { .. });
        assert!(told.starts_with(&format!("schedule {rows} cannot be used here: ")), "{told}");
        let gpu = Request::in_place(Projection::max_norm(1.0, 1), layout);
        let browser = Plan::legal_schedules(&gpu, &DeviceProfile::browser()).expect("valid");
        // What is legal for rows is not for columns.
        for schedule in browser {
            let forced = Plan::with_schedule(&request, &DeviceProfile::native(1), schedule);
            message!(forced, Error::IllegalSchedule { .. });
        }
    });
}

#[test]
fn a_report_must_be_asked_for() {
    on_each(|context| {
        let buffer = zeros(context, &[4]);
        let plan = context.plan(&Request::in_place(Projection::max_norm(1.0, 0), *buffer.layout()));
        let pending = context.run(&plan.expect("valid"), &buffer, &buffer).expect("it fits");
        let told = message!(pending.wait(), Error::NoReport);
        assert!(told.contains("prepared without one (plan it `with_report`)"), "{told}");
    });
}

#[test]
fn a_refused_request_changes_nothing() {
    on_each(|context| {
        let buffer = context.upload(&[3.0, 4.0, 5.0, 6.0], [2, 2]).expect("small");
        message!(normproj::project_max_norm(&buffer, 2, 1.0), Error::AxisOutOfRange { .. });
        message!(normproj::project_max_norm(&buffer, 0, -1.0), Error::Radius { .. });
        assert_eq!(buffer.read().expect("read"), [3.0, 4.0, 5.0, 6.0]);
    });
}

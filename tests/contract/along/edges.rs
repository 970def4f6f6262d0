//! The ends of the range, directions that are none, and memory that is shared.

use normproj::{Axes, Context, DType, Layout, OnNonFinite, Projection, Request, bf16, f16};

use super::{Tensor, prove, prove_in_place};
use crate::contexts::contexts;
use crate::run::serves;
use crate::values::{Fill, Value};

fn one(context: &Context, projection: Projection, x: &[f32], a: &[f32]) -> Vec<f32> {
    prove_in_place(context, projection, &[x.len()], x, (&[a.len()], a));
    let shape = [x.len()];
    let (tensor, along) =
        (context.upload(x, shape).expect("upload"), context.upload(a, shape).expect("upload"));
    context.project_along(&projection, &tensor, &along).expect("valid");
    tensor.read().expect("read")
}

fn plane(b: f64) -> Projection {
    Projection::hyperplane(b, Axes::all())
}

fn near(found: &[f32], expected: &[f64], size: f64) {
    for (y, e) in found.iter().zip(expected) {
        assert!((f64::from(*y) - e).abs() <= 1e-5 * size, "{found:?}, not {expected:?}");
    }
}

#[test]
fn products_may_leave_f32() {
    for context in contexts() {
        near(&one(context, plane(0.0), &[3e38; 4], &[1e38; 4]), &[0.0; 4], 3e38);
        near(&one(context, plane(0.0), &[1e20, 1.0], &[1e-20, 1.0]), &[1e20, -1.0], 1e20);
        near(&one(context, plane(0.0), &[1e-30, 2e-30], &[1e-30, 0.0]), &[0.0, 2e-30], 1e-30);
        near(&one(context, plane(0.0), &[1e-30, 2e-30], &[1e30, 0.0]), &[0.0, 2e-30], 1e-30);
        near(
            &one(context, Projection::line(Axes::all()), &[3e38; 4], &[3e38; 4]),
            &[3e38; 4],
            3e38,
        );
        near(&one(context, plane(1.0), &[0.0, 0.0], &[1e20, 0.0]), &[1e-20, 0.0], 1e-20);
        near(&one(context, plane(1e30), &[1.0, 0.0], &[1e-5, 0.0]), &[1e35, 0.0], 1e35);
        // 10/7 of the largest elements is beyond f32, and what is left of it not.
        let left = &one(context, plane(0.0), &[3e38; 4], &[2.0, 1.0, 1.0, 1.0]);
        near(
            left,
            &[-3e38 * 3.0 / 7.0, 3e38 * 2.0 / 7.0, 3e38 * 2.0 / 7.0, 3e38 * 2.0 / 7.0],
            3e38,
        );
        let largest = f32::MAX;
        assert_eq!(one(context, plane(1e30), &[1.0, 2.0], &[1e-20, 0.0]), [largest, 2.0]);
        assert_eq!(one(context, plane(-1e30), &[1.0, 2.0], &[1e-20, 0.0]), [-largest, 2.0]);
    }
}

/// An element beyond the dtype becomes its largest, and nothing of that is NaN.
#[test]
fn a_plane_beyond_every_element() {
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        prove_in_place(context, plane(1e300), &[1], &[1.0f64], (&[1], &[1e-20]));
        prove_in_place(context, plane(1e300), &[1], &[1.0f64], (&[1], &[1.7e-300]));
        prove_in_place(context, plane(-1e300), &[1], &[1.0f64], (&[1], &[1e-20]));
    }
}

/// Of a direction some elements may be subnormal, and the way along it long: an adapter that takes them for
/// zeros moves nothing along them.
#[test]
fn directions_that_are_subnormal_in_part() {
    let (x, a) = ([bf16::ZERO; 2], [bf16::from_bits(0x40), bf16::ONE]);
    for context in contexts() {
        prove_in_place(context, Projection::hyperplane(1e3, Axes::all()), &[2], &x, (&[2], &a));
    }
}

/// An offset from memory times that of the parameters: a product under the normal numbers of f32.
#[test]
fn offsets_may_be_subnormal() {
    let (layout, x, a) = (Layout::contiguous([1]).expect("small"), [3.5e-44f32], [-2.688_38e-16]);
    let direction = Tensor { layout: &layout, elements: &a };
    for context in contexts() {
        for projection in [plane(4.736_613e-41), Projection::half_space(-4.736_613e-41, 0)] {
            let request = Request::in_place(projection, layout).with_report();
            prove(context, &request, &x, &[], direction, Some(&[0.25]), 3);
        }
    }
}

/// Their products are zeros, and the components are not.
#[test]
fn products_may_lie_under_f64() {
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        let all = Axes::all();
        for projection in [
            Projection::line(all),
            Projection::hyperplane(0.0, all),
            Projection::half_space(0.0, all),
        ] {
            for (x, a) in [([5e-320, 0.0], [3e-300, 0.0]), ([1e-300, 2e-300], [1e-200, -1e-200])] {
                prove_in_place(context, projection, &[2], &x, (&[2], &a));
            }
        }
    }
}

/// Slices too long to stay on chip, one of them at each end of the range.
#[test]
fn long_slices_at_every_magnitude() {
    let length = 70_001;
    for context in contexts() {
        let fill = |seed, scale: f32| -> Vec<f32> {
            (0..length).map(|i| scale * Fill::Normal.value::<f32>(seed, i)).collect()
        };
        let x = [fill(1, 1.0), fill(2, 1e25), fill(3, 1e-25), vec![1e-3; length]].concat();
        let a = [fill(4, 1e-20), fill(5, 1e12), fill(6, 1e-25), vec![1e-3; length]].concat();
        for projection in [Projection::hyperplane(0.25, 1), Projection::line(1)] {
            prove_in_place(context, projection, &[4, length], &x, (&[4, length], &a));
            prove_in_place(context, projection, &[4, length], &x, (&[1, length], &a[..length]));
        }
    }
}

#[test]
fn large_tensors_of_every_walk() {
    let fill = |seed, count: usize| -> Vec<f32> {
        (0..count).map(|i| Fill::Normal.value(seed, i)).collect()
    };
    for context in contexts() {
        for (shape, axes, along) in [
            (vec![3000, 65], Axes::from(0), vec![3000, 65]),
            (vec![3000, 64], Axes::from(0), vec![3000, 1]),
            (vec![900, 256], Axes::from(1), vec![1, 256]),
            (vec![40, 30, 20, 8], Axes::from([0, 2]), vec![40, 1, 20, 8]),
            (vec![40, 30, 20, 8], Axes::from([1, 3]), vec![1, 30, 20, 8]),
        ] {
            let count = |shape: &[usize]| shape.iter().product();
            let (x, a) = (fill(8, count(&shape)), fill(9, count(&along)));
            prove_in_place(context, Projection::half_space(0.5, axes), &shape, &x, (&along, &a));
        }
    }
}

#[test]
fn a_direction_that_is_none_moves_nothing() {
    let report = |context: &Context, x: &[f32], a: &[f32]| {
        let shape = [x.len() / 2, 2];
        let (tensor, along) =
            (context.upload(x, shape).expect("upload"), context.upload(a, shape).expect("upload"));
        let plane = Projection::hyperplane(1.0, 1).on_non_finite(OnNonFinite::Zero);
        let report = context.project_along_reported(&plane, &tensor, &along).expect("valid");
        (report.wait().expect("a report"), tensor.read().expect("read"))
    };
    for context in contexts() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, f32::NAN, 8.0, 0.0, 0.0];
        let a = [0.0, -0.0, 1.0, f32::NAN, f32::INFINITY, 0.0, 0.0, 0.0, 0.0, 2.0];
        let (found, result) = report(context, &x, &a);
        assert_eq!(result[..6], x[..6], "{}", context.describe());
        assert_eq!(result[6..8], [0.0, 0.0], "the policy is that of the slice");
        assert_eq!(result[8..], [0.0, 0.5]);
        assert_eq!((found.slices, found.degenerate, found.non_finite), (5, 3, 1));
        assert_eq!((found.first_non_finite, found.changed, found.zero), (Some(3), 1, 1));
    }
}

fn halves<T: Value>(context: &Context) {
    let fill =
        |seed, count| -> Vec<T> { (0..count).map(|i| Fill::Normal.value(seed, i)).collect() };
    for (shape, along) in [([5, 33], [5, 33]), ([12, 32], [1, 32]), ([9, 1001], [9, 1001])] {
        let (x, a) = (fill(1, shape[0] * shape[1]), fill(2, along[0] * along[1]));
        for projection in [Projection::hyperplane(0.5, 1), Projection::line(1)] {
            prove_in_place(context, projection, &shape, &x, (&along, &a));
        }
    }
    // Far beyond the dtype: its largest number.
    let x = [T::of(1.0); 4];
    let beyond = Projection::hyperplane(1e6 * T::DTYPE.largest(), 0);
    prove_in_place(context, beyond, &[4], &x, (&[4], &x));
}

#[test]
fn elements_of_16_bits() {
    for context in contexts() {
        halves::<f16>(context);
        halves::<bf16>(context);
    }
}

/// Tensor and direction in one memory: an arena.
#[test]
fn a_direction_beside_the_tensor() {
    fn shared<T: Value>(context: &Context, offset: usize) {
        let (rows, width) = (7, 32);
        let count = rows * width;
        let host: Vec<T> = (0..3 * count + 16).map(|i| Fill::Normal.value(4, i)).collect();
        let arena = context.upload_as(&host, [host.len()]).expect("upload");
        let layout =
            |at: usize| Layout::contiguous([rows, width]).expect("small").at(at).expect("small");
        let (tensor, target, direction) = (
            arena.view(layout(offset)).expect("inside"),
            arena.view(layout(offset + count)).expect("inside"),
            arena.view(layout(offset + 2 * count)).expect("inside"),
        );
        let plane = Projection::hyperplane(0.0, 1);
        context.project_into_along(&plane, &tensor, &target, &direction).expect("valid");
        context.remove_component(&tensor, &direction, 1).expect("valid");
        let found: Vec<T> = arena.read_as().expect("read");
        let part =
            |k: usize, from: &[T]| from[offset + k * count..offset + (k + 1) * count].to_vec();
        let alone = context.upload_as(&part(0, &host), [rows, width]).expect("upload");
        let along = context.upload_as(&part(2, &host), [rows, width]).expect("upload");
        context.remove_component(&alone, &along, 1).expect("valid");
        let alone: Vec<T> = alone.read_as().expect("read");
        // Other programs may round in another way.
        let room = 4.0 * (1e-6 + 2.0 * T::DTYPE.grain().relative);
        for place in [0, 1] {
            let near = |(y, e): (&T, &T)| (y.wide() - e.wide()).abs() <= room;
            let all = part(place, &found).iter().zip(&alone).all(near);
            assert!(all, "{} {offset}", context.describe());
        }
        let bits = |all: &[T]| all.iter().map(|x| x.bits()).collect::<Vec<_>>();
        assert_eq!(bits(&part(2, &found)), bits(&part(2, &host)));
        assert_eq!(bits(&found[..offset]), bits(&host[..offset]));
    }
    for context in contexts() {
        shared::<f32>(context, 0);
        shared::<f32>(context, 3);
        shared::<f16>(context, 1);
        shared::<bf16>(context, 8);
    }
}

#[test]
fn nothing_at_all() {
    for context in contexts() {
        for (shape, axes) in [(vec![0], 0), (vec![3, 0], 1), (vec![0, 3], 1)] {
            let empty = context.zeros(&shape).expect("zeros");
            let along = context.zeros(&shape).expect("zeros");
            let request = Request::in_place(Projection::line(axes), *empty.layout());
            let plan = context.plan(&request.along(*along.layout()).with_report()).expect("valid");
            let found = context.run_along(&plan, &empty, &empty, &along).expect("valid");
            let slices = shape.iter().take(shape.len() - 1).product::<usize>() as u64;
            assert_eq!(found.wait().expect("a report").slices, slices, "{shape:?}");
        }
    }
}

/// Beside the largest element of the direction another lies under f64, and what it is multiplied with brings it back.
#[test]
fn directions_over_all_of_f64() {
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        let (x, a) = ([1e230, 2.0, -3e-100], [1e300, 0.0, 1e-30]);
        for projection in [Projection::line(Axes::all()), plane(0.0)] {
            prove_in_place(context, projection, &[3], &x, (&[3], &a));
        }
    }
}

/// What an offset is multiplied by may make a number of it that it is not itself.
#[test]
fn a_subnormal_offset_times_a_large_one() {
    let layout = Layout::contiguous([2]).expect("small");
    for projection in
        [plane(5.016_045_9e-41), Projection::half_space(-5.016_045_9e-41, Axes::all())]
    {
        let request = Request::in_place(projection, layout).with_report();
        for context in contexts() {
            let direction = Tensor { layout: &layout, elements: &[1.0f32, 0.5] };
            prove(context, &request, &[1e-8f32, -2e-8], &[], direction, Some(&[3e38]), 3);
        }
    }
}

/// Nothing moves along a zero, however far the plane lies.
#[test]
fn elements_of_which_the_direction_has_none() {
    let layout = Layout::contiguous([3]).expect("small");
    for (offset, direction) in [(1e37, [1.0f32, 0.0, -0.0]), (3e38, [1e-3, -0.0, 0.0])] {
        for projection in [plane(offset), Projection::half_space(-offset, Axes::all())] {
            let request = Request::in_place(projection, layout).with_report();
            for context in contexts() {
                let direction = Tensor { layout: &layout, elements: &direction };
                let source = [0.5f32, 1.6e-37, -3e-30];
                prove(context, &request, &source, &[], direction, Some(&[3e38]), 3);
            }
        }
    }
}

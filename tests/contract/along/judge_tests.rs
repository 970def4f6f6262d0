//! Planted errors: the judge must see each.

use normproj::plan::margin::Margin;
use normproj::{Context, DType, Layout, Plan, Projection, Request, f16};

use super::judge::{Scene, judge};
use super::{Tensor, run, scene};
use crate::values::{Fill, Value};

const SHAPE: [usize; 2] = [6, 20];

fn plan(projection: Projection, dtype: DType) -> Plan {
    let layout = Layout::contiguous(SHAPE).expect("small");
    let request = Request::in_place(projection, layout).of(dtype).along(layout);
    Context::cpu().plan(&request).expect("valid")
}

fn tensors<T: Value>() -> (Vec<T>, Vec<T>) {
    let fill = |seed| (0..120).map(|i| Fill::Normal.value::<T>(seed, i)).collect();
    (fill(1), fill(2))
}

/// Whether the judge finds fault with a result that was changed.
fn caught<T: Value>(projection: Projection, spoil: impl Fn(&mut [T], &[T])) -> bool {
    let (x, a) = tensors::<T>();
    let plan = plan(projection, T::DTYPE);
    let direction = Tensor { layout: &plan.request().source.clone(), elements: &a };
    let mut result = run(&Context::cpu(), &plan, &x, &[], direction, None).memory;
    let scene = scene(&plan, &x, &[], direction);
    assert!(judge(&scene, &result).is_ok(), "{projection}");
    spoil(&mut result, &x);
    judge(&scene, &result).is_err()
}

fn all() -> [Projection; 3] {
    [Projection::hyperplane(0.5, 1), Projection::half_space(-9.0, 1), Projection::line(1)]
}

#[test]
fn an_element_that_is_off_is_caught() {
    for projection in all() {
        let off = |y: &mut [f32], _: &[f32]| y[25] += 1e-5;
        assert!(caught(projection, off), "{projection}");
        let gone = |y: &mut [f32], _: &[f32]| y[3] = f32::NAN;
        assert!(caught(projection, gone), "{projection}");
        // Two steps of the dtype.
        let off = |y: &mut [f16], _: &[f16]| y[25] = f16::from_bits(y[25].to_bits() + 2);
        assert!(caught(projection, off), "{projection}");
    }
}

#[test]
fn a_slice_that_was_forgotten_is_caught() {
    for projection in all() {
        let left = |y: &mut [f32], x: &[f32]| y[40..60].copy_from_slice(&x[40..60]);
        assert!(caught(projection, left), "{projection}");
    }
}

#[test]
fn a_slice_inside_that_changed_is_caught() {
    let bit = |y: &mut [f32], _: &[f32]| y[0] = f32::from_bits(y[0].to_bits() ^ 1);
    assert!(caught(Projection::half_space(1e3, 1), bit));
}

/// A whole slice that is off along its direction, each element by less than its own rounding may be.
#[test]
fn a_residual_beyond_the_margin_is_caught() {
    let (x, a) = tensors::<f32>();
    let layout = Layout::contiguous(SHAPE).expect("small");
    let projection = Projection::hyperplane(0.0, 1);
    let plan = plan(projection, DType::F32);
    let direction = Tensor { layout: &layout, elements: &a };
    let mut result = run(&Context::cpu(), &plan, &x, &[], direction, None).memory;
    let mut scene = scene(&plan, &x, &[], direction);
    let steps = |y: &mut f32, a: f32| {
        let toward = if a > 0.0 { y.next_up().next_up() } else { y.next_down().next_down() };
        *y = toward;
    };
    result.iter_mut().zip(&a).for_each(|(y, &a)| steps(y, a));
    // A margin of sums without any error leaves no room for that.
    scene.margin = Margin { sigma: 0.0, unit: 2f64.powi(-27), ..scene.margin };
    assert!(judge(&scene, &result).is_err());
}

#[test]
fn a_neighbour_that_changed_is_caught() {
    let layout = Layout::strided([2, 3], [5, 1], 2).expect("valid");
    let along = Layout::contiguous([1, 3]).expect("small");
    let request = Request::in_place(Projection::hyperplane(1.0, 1), layout).along(along);
    let plan = Context::cpu().plan(&request).expect("valid");
    let x: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let direction = Tensor { layout: &along, elements: &[1.0, -1.0, 2.0] };
    let mut result = run(&Context::cpu(), &plan, &x, &[], direction, None).memory;
    let scene = scene(&plan, &x, &[], direction);
    assert!(judge(&scene, &result).is_ok());
    result[5] = 0.0;
    assert!(judge(&scene, &result).is_err());
}

#[test]
fn the_offset_of_a_neighbour_is_caught() {
    let (x, a) = tensors::<f32>();
    let projection = Projection::hyperplane(1.0, 1);
    let layout = Layout::contiguous(SHAPE).expect("small");
    let radii = [1.0, -2.0, f64::NAN, 0.5, f64::INFINITY, 3.0];
    let request = Request::in_place(projection, layout).along(layout);
    let request = request.with_radii(Layout::contiguous([6]).expect("small"));
    let plan = Context::cpu().plan(&request).expect("valid");
    let direction = Tensor { layout: &layout, elements: &a };
    let by = |radii: &[f64]| run(&Context::cpu(), &plan, &x, &[], direction, Some(radii)).memory;
    let scene = Scene { radii: Some(&radii), ..scene(&plan, &x, &[], direction) };
    assert_eq!(judge(&scene, &by(&radii)).expect("honest").invalid, 2);
    for (slice, r) in [(0, -2.0), (1, 2.0), (3, 0.500_02), (2, 1.0), (4, 1.0), (5, f64::NAN)] {
        let mut others = radii;
        others[slice] = r;
        assert!(judge(&scene, &by(&others)).is_err(), "{slice}");
    }
}

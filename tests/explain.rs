//! What plans promise for the shapes that the library is tuned for: dispatches and bytes an element
//! where nothing violates and where everything does.

use normproj::plan::gpu::steps::ACCUMULATOR_BYTES;
use normproj::{Axes, DeviceProfile, Layout, Plan, Projection, Request};

fn plan(shape: &[usize], axes: impl Into<Axes>, profile: &DeviceProfile) -> Plan {
    let projection = Projection::max_norm(3.0, axes);
    let request = Request::in_place(projection, Layout::contiguous(shape).unwrap());
    let plan = Plan::new(&request, profile).unwrap();
    assert!(plan.margin().chain <= 78, "{}", plan.explain());
    assert!(plan.margin().kappa <= 2f64.powi(-17), "{}", plan.explain());
    plan
}

/// Shape, axes, dispatches on an H200 and in a browser, bytes an element there at v = 1.
type Promise = (Vec<usize>, Axes, [u32; 2], [f64; 2]);

/// A tensor of 2³¹ bytes passes a binding of 2³¹ - 1 by one byte and needs two pieces; a browser
/// binds 128 MiB at once.
fn promises() -> Vec<Promise> {
    vec![
        (vec![65_536, 4096], 1.into(), [1, 8], [8.0, 8.0]),
        (vec![262_144, 1024], 1.into(), [1, 8], [8.0, 8.0]),
        (vec![8192, 65_536], 1.into(), [2, 16], [12.0, 12.0]),
        (vec![8192, 32_768], 1.into(), [1, 8], [8.0, 12.0]),
        (vec![4096, 32], 1.into(), [1, 1], [8.0, 8.0]),
        (vec![4096, 4096], 0.into(), [1, 1], [12.0, 12.0]),
        (vec![16_384, 16_384], 0.into(), [2, 16], [12.0, 12.0]),
        (vec![128_256, 4096], 0.into(), [2, 32], [12.0, 12.0]),
        (vec![784, 256], 0.into(), [1, 2], [8.0, 12.0]),
        (vec![3, 3, 512, 512], [0, 1, 2].into(), [2, 2], [12.0, 12.0]),
    ]
}

#[test]
fn dispatches_and_bytes_are_as_promised() {
    for (shape, axes, dispatches, bytes) in promises() {
        let profiles = [DeviceProfile::h200(), DeviceProfile::browser()];
        for ((profile, dispatches), bytes) in profiles.into_iter().zip(dispatches).zip(bytes) {
            let plan = plan(&shape, axes, &profile);
            let cost = plan.cost();
            assert_eq!(cost.dispatches, dispatches, "{}", plan.explain());
            assert_eq!(cost.bytes_per_element(0.0), 4.0, "{}", plan.explain());
            assert_eq!(cost.bytes_per_element(1.0), bytes, "{}", plan.explain());
        }
    }
}

#[test]
fn every_piece_fits_what_a_browser_binds() {
    let profile = DeviceProfile::browser();
    for (shape, axes, ..) in promises() {
        for step in &plan(&shape, axes, &profile).steps().steps {
            let windows = [step.source, step.target, step.norms];
            for window in windows.into_iter().flatten() {
                assert!(window.size <= 128 << 20 && window.offset % 256 == 0);
            }
            assert!(step.workgroups.iter().all(|&n| n <= 65_535));
            assert!(step.variant.lanes() <= 256);
        }
    }
}

#[test]
fn scattered_violators_of_columns_cost_what_the_sectors_cost() {
    let cost = plan(&[4096, 4096], 0, &DeviceProfile::h200()).cost();
    assert!((cost.bytes_per_element(0.01) - 4.9).abs() < 0.05);
    assert!((cost.bytes_per_element(0.10) - 9.5).abs() < 0.05);
}

/// Many slices of few elements over pieces that cannot hold a slice: the partial sums of all of
/// them would be larger than the tensor.
#[test]
fn scratch_stays_bounded_however_many_slices_there_are() {
    let plan = plan(&[4, 1 << 26], 0, &DeviceProfile::browser());
    assert!(plan.steps().scratch_bytes() <= 64 << 20, "{}", plan.explain());
    assert!(plan.steps().partial_bytes >= ACCUMULATOR_BYTES);
}

#[test]
fn an_explanation_reads_well() {
    let text = plan(&[16_384, 16_384], 0, &DeviceProfile::h200()).explain();
    let expected = "\
max-norm 3 in L2 over axes [0] of f32 [16384, 16384] on NVIDIA H200
16384 slices × 16384 elements, columns_partial(32×8 lanes of 4, 2048 steps)
  columns_partial: 1024 workgroups of 256
  columns_rescale: 1024 workgroups of 256
2 dispatches; bytes an element: 4.00 if no slice violates, 4.90 if 1% do, 9.54 if 10% do, 12.00 if all do
scratch: 1572864 bytes held, 14155776 bytes moved
L = 41, σ = 2.50e-6, κ = 4.11e-6";
    assert_eq!(text, expected);
}

//! What no adapter has and nobody asks for, but anybody may: typed errors, or plans that hold.

use normproj::plan::geometry::Walk;
use normproj::plan::profile::GpuLimits;
use normproj::plan::schedule::Tiling;
use normproj::{Axes, DeviceProfile, Error, Layout, Norm, Plan, Projection, Request, Schedule};

use crate::{SMALL, made_up};

fn in_place(layout: Layout, axes: impl Into<Axes>) -> Request {
    Request::in_place(Projection::max_norm(1.0, axes), layout)
}

#[test]
fn long_slices_of_no_tensor() {
    for request in [
        in_place(Layout::contiguous([0, 100_000]).unwrap(), 1),
        in_place(Layout::contiguous([100_000, 0]).unwrap(), 0),
        in_place(Layout::strided([100_000, 0], [4, 1], 0).unwrap(), 0),
        in_place(Layout::strided([100_000, 7, 0], [28, 4, 1], 0).unwrap(), [0, 1]),
    ] {
        for profile in [DeviceProfile::browser(), DeviceProfile::h200()] {
            let plan = Plan::new(&request, &profile).unwrap();
            assert_eq!(plan.cost().dispatches, 0, "{}", plan.explain());
            Plan::legal_schedules(&request, &profile).unwrap();
        }
    }
}

#[test]
fn a_schedule_of_nonsense_is_refused() {
    let request = in_place(Layout::contiguous([64, 48]).unwrap(), 0);
    let sizes = [0, 1, 3, 4, 1 << 31, u32::MAX];
    let mut refused = 0;
    for (width, tile, fan) in
        sizes.iter().flat_map(|w| sizes.map(|t| sizes.map(|f| (*w, t, f)))).flatten()
    {
        for walk in [Walk::Rows, Walk::Columns, Walk::Strided] {
            let tiling = Tiling { walk, width, tile, fan };
            for size in sizes {
                let partial = Schedule::Partial { tiling, chunk: size, decide: size == 4 };
                let whole = Schedule::Streamed { tiling };
                for schedule in [Schedule::Resident { tiling, held: size }, whole, partial] {
                    match Plan::with_schedule(&request, &DeviceProfile::browser(), schedule) {
                        Ok(_) => {}
                        Err(Error::IllegalSchedule { .. }) => refused += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    }
    assert!(refused > 5000);
}

#[test]
fn a_schedule_for_more_elements_than_any_memory() {
    for (shape, axes) in [([1usize << 50, 1], 0), ([4, 1 << 40], 1), ([1 << 40, 4], 1)] {
        let request = in_place(Layout::contiguous(shape).unwrap(), axes);
        let plan = Plan::new(&request, &DeviceProfile::h200());
        assert!(matches!(plan, Err(Error::Unsupported { .. })), "{shape:?}");
    }
}

#[test]
fn a_device_of_tiny_limits_is_refused() {
    let layout = Layout::contiguous([4096, 512]).unwrap();
    for axis in [0, 1] {
        let request = in_place(layout, axis);
        for limits in [
            GpuLimits { invocations: 1, ..SMALL },
            GpuLimits { workgroups: 0, ..SMALL },
            GpuLimits { workgroups: 1, ..SMALL },
            GpuLimits { workgroup_memory: 0, ..SMALL },
            GpuLimits { binding_bytes: 0, ..SMALL },
            GpuLimits { binding_bytes: 64, ..SMALL },
            GpuLimits { dispatch_bytes: 0, ..SMALL },
        ] {
            let profile = made_up(&limits);
            let plan = Plan::new(&request, &profile);
            assert!(matches!(plan, Err(Error::Unsupported { .. })), "{limits:?}");
            assert!(Plan::legal_schedules(&request, &profile).is_err());
        }
    }
}

/// Columns share 13 KiB in a workgroup of 256.
#[test]
fn little_workgroup_memory_makes_small_workgroups() {
    let limits = GpuLimits { workgroup_memory: 8 << 10, ..SMALL };
    let request = in_place(Layout::contiguous([4096, 512]).unwrap(), 0);
    let plan = Plan::new(&request, &made_up(&limits)).unwrap();
    let lanes = plan.steps().steps.iter().map(|step| step.variant.lanes()).max().unwrap();
    assert!(lanes * 52 <= 8 << 10, "{}", plan.explain());
}

/// The norms of more slices than a binding holds.
#[test]
fn norms_that_are_larger_than_a_binding() {
    for shape in [[40 << 20, 2], [40 << 20, 0], [40 << 20, 1]] {
        let norms = Layout::strided([40 << 20], [1], 5).unwrap();
        let source = Layout::contiguous(shape).unwrap();
        let request = Request::norms(Norm::L2, 1, source, norms);
        let plan = Plan::new(&request, &DeviceProfile::browser()).unwrap();
        let windows: Vec<_> = plan.steps().steps.iter().map(|step| step.norms.unwrap()).collect();
        assert!(windows.len() > 1 && windows.iter().all(|window| window.size <= 128 << 20));
    }
}

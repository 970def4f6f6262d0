//! The dispatches of plans, carried out on the host with the addresses of the kernels: every
//! element is reduced once and stored once, inside the window that is bound, and what decides about
//! it is the sum of exactly its slice. Small random geometries on made-up devices, whose limits cut
//! them into many slabs and pieces.

mod device;
mod edges;
mod examples;
mod groups;
mod place;
mod radii;
mod random;
mod sums;
mod walk;

use normproj::plan::geometry::Walk;
use normproj::plan::profile::{DeviceKind, GpuLimits};
use normproj::plan::schedule::Tiling;
use normproj::{Axes, DeviceProfile, Layout, Plan, Projection, Request, Schedule};

use device::Device;
use random::Random;

/// Says what failed.
struct Case<'a>(&'a Plan, &'a GpuLimits);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{:?}\n{:?}\n{}", self.0.request(), self.1, self.0.explain());
        }
    }
}

fn made_up(limits: &GpuLimits) -> DeviceProfile {
    DeviceProfile { name: "made up".to_string(), kind: DeviceKind::Gpu(*limits) }
}

fn prove(plan: &Plan, limits: &GpuLimits) {
    let _case = Case(plan, limits);
    let mut device = Device::new(plan.request(), limits, plan.steps());
    plan.steps().steps.iter().for_each(|step| device.run(step));
    device.finish();
}

/// The chosen plan and one of every legal kind.
fn prove_all(request: &Request, limits: &GpuLimits) -> usize {
    let profile = made_up(limits);
    prove(&Plan::new(request, &profile).expect("a valid request"), limits);
    let legal = Plan::legal_schedules(request, &profile).expect("a valid request");
    for &schedule in &legal {
        prove(&Plan::with_schedule(request, &profile, schedule).expect("legal"), limits);
    }
    legal.len() + 1
}

#[test]
fn every_element_is_reduced_and_stored_once() {
    let mut random = Random(1);
    let plans: usize = (0..150).map(|_| prove_all(&random.request(), &random.limits())).sum();
    println!("{plans} plans were carried out");
    assert!(plans > 1500);
}

#[test]
fn every_element_meets_its_own_direction() {
    let mut random = Random(2);
    let plans: usize = (0..150).map(|_| prove_all(&random.along(), &random.limits())).sum();
    println!("{plans} plans were carried out");
    assert!(plans > 1500);
}

#[test]
fn every_slice_meets_its_own_radius() {
    let mut random = Random(3);
    let one = |_| {
        let (request, limits) = (random.beside(), random.limits());
        let binding_bytes = limits.binding_bytes.max(radii::bytes_bound_whole(&request));
        prove_all(&request, &GpuLimits { binding_bytes, ..limits })
    };
    let plans: usize = (0..150).map(one).sum();
    println!("{plans} plans were carried out");
    assert!(plans > 1000);
}

/// Limits that every adapter exceeds, and that no random device has.
const SMALL: GpuLimits = GpuLimits { dispatch_bytes: 1 << 40, ..GpuLimits::BROWSER };

/// A slab of few columns is cut into fewer pieces than the whole, which chunks divide into more.
#[test]
fn slabs_that_are_cut_in_another_way_than_the_whole() {
    let layout = Layout::contiguous([44, 256]).unwrap();
    let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
    let limits = GpuLimits { binding_bytes: 11_040, storage_alignment: 32, ..SMALL };
    let tiling = Tiling { walk: Walk::Columns, width: 4, tile: 32, fan: 2 };
    let schedule = Schedule::Partial { tiling, chunk: 10, decide: false };
    prove(&Plan::with_schedule(&request, &made_up(&limits), schedule).unwrap(), &limits);
}

/// The source is contiguous and would be cut at whole vectors, but the target is not.
#[test]
fn a_contiguous_run_into_a_spread_one() {
    let source = Layout::contiguous([3400]).unwrap();
    let target = Layout::strided([3400], [3], 0).unwrap();
    let limits = GpuLimits { binding_bytes: 4120, storage_alignment: 32, ..SMALL };
    for axes in [Axes::all(), Axes::each()] {
        prove_all(&Request::into(Projection::max_norm(1.0, axes), source, target), &limits);
    }
}

/// Slabs of less than a granule of columns still consist of whole vectors.
#[test]
fn narrow_slabs_of_vectors() {
    let layout = Layout::contiguous([300, 64]).unwrap();
    let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
    let limits = GpuLimits { binding_bytes: 4096, storage_alignment: 32, ..SMALL };
    let tiling = Tiling { walk: Walk::Columns, width: 4, tile: 8, fan: 8 };
    for chunk in [8, 16, 24, 32, 40] {
        let schedule = Schedule::Partial { tiling, chunk, decide: true };
        prove(&Plan::with_schedule(&request, &made_up(&limits), schedule).unwrap(), &limits);
    }
}

//! The edges of every set: zeros, NaN and infinity, reports, other places for the result.

use normproj::{Axes, Context, Layout, Norm, OnNonFinite, Plan, Projection, Request, ZeroSlice};

use crate::{contexts, in_turn};

/// A NaN with a payload.
const NAN: u32 = 0x7fc0_1234;

/// Rows: ordinary, with a NaN, with an infinity, zeros, small.
fn rows() -> Vec<f32> {
    let mut host: Vec<f32> = (0..60).map(|i| 3.0 * (i as f32).sin()).collect();
    host[12..24][5] = f32::from_bits(NAN);
    host[24..36][7] = f32::NEG_INFINITY;
    host[36..48].fill(0.0);
    host[48..].iter_mut().for_each(|x| *x *= 1e-3);
    host
}

fn sets(axes: Axes) -> Vec<(&'static str, Projection)> {
    let cubes = Norm::lp(3.0).unwrap();
    vec![
        ("max-norm", Projection::max_norm(1.0, axes)),
        ("L3 max-norm", Projection::max_norm(1.0, axes).norm_in(cubes)),
        ("unit norm", Projection::unit_norm(axes)),
        ("min-max", Projection::min_max_norm(0.5, 1.0, axes)),
        ("Linf ball", Projection::ball(Norm::Linf, 1.0, axes)),
        ("L1 ball", Projection::ball(Norm::L1, 1.0, axes)),
        ("L1 sphere", Projection::sphere(Norm::L1, 1.0, axes)),
        ("simplex", Projection::simplex(1.0, axes)),
    ]
}

/// The chosen plan and a streaming one.
fn plans(request: &Request, context: &Context) -> Vec<Plan> {
    let profile = context.profile();
    let legal = Plan::legal_schedules(request, profile).unwrap();
    let streaming = legal.iter().filter(|schedule| schedule.to_string().contains("partial"));
    let streaming = streaming.take(1).map(|&s| Plan::with_schedule(request, profile, s).unwrap());
    streaming.chain([Plan::new(request, profile).unwrap()]).collect()
}

fn layout() -> Layout {
    Layout::contiguous([5, 12]).unwrap()
}

#[test]
fn what_is_not_finite_follows_the_policy() {
    for context in contexts() {
        for (name, projection) in sets(1.into()) {
            for policy in OnNonFinite::ALL {
                let request = Request::in_place(projection.on_non_finite(policy), layout());
                for plan in plans(&request, context) {
                    let tensor = context.upload(&rows(), [5, 12]).unwrap();
                    let _ = context.run(&plan, &tensor, &tensor).unwrap();
                    let (host, found) = (rows(), tensor.read().unwrap());
                    for row in [1, 2] {
                        for i in 12 * row..12 * row + 12 {
                            let wanted = match policy {
                                OnNonFinite::Leave => host[i].to_bits() == found[i].to_bits(),
                                OnNonFinite::Zero => found[i] == 0.0,
                                OnNonFinite::Propagate if row == 2 && i != 31 => found[i] == 0.0,
                                _ => found[i].is_nan(),
                            };
                            assert!(wanted, "{name} {policy} {i}: {}", plan.explain());
                        }
                    }
                    assert!(found[..12] != host[..12], "{name}: {}", plan.explain());
                }
            }
        }
    }
}

#[test]
fn bounds_clamp_infinities() {
    for context in contexts() {
        for (policy, nan) in [(OnNonFinite::Leave, NAN), (OnNonFinite::Zero, 0)] {
            let projection = Projection::bounds(-1.0, 2.0).on_non_finite(policy);
            let request = Request::in_place(projection, layout()).with_report();
            for plan in plans(&request, context) {
                let tensor = context.upload(&rows(), [5, 12]).unwrap();
                let report = context.run(&plan, &tensor, &tensor).unwrap().wait().unwrap();
                let found = tensor.read().unwrap();
                assert_eq!((found[17].to_bits(), found[31]), (nan, -1.0), "{}", plan.explain());
                let outside = |x: &&f32| !(-1.0..=2.0).contains(*x) && !x.is_nan();
                let changed = rows().iter().filter(outside).count() as u64;
                assert_eq!((report.slices, report.changed, report.zero), (60, changed, 13));
                assert_eq!((report.non_finite, report.first_non_finite), (2, Some(17)));
            }
        }
    }
}

#[test]
fn reports_count_slices() {
    for (i, (name, projection)) in sets(1.into()).into_iter().enumerate() {
        for context in in_turn(i) {
            let request = Request::in_place(projection, layout()).with_report();
            for plan in plans(&request, context) {
                let tensor = context.upload(&rows(), [5, 12]).unwrap();
                let report = context.run(&plan, &tensor, &tensor).unwrap().wait().unwrap();
                let changed = match name {
                    "unit norm" | "min-max" | "L1 sphere" => 2,
                    "simplex" => 3,
                    _ => 1,
                };
                assert_eq!(report.changed, changed, "{name}: {}", plan.explain());
                assert_eq!((report.zero, report.non_finite), (1, 2), "{name}");
                assert_eq!(report.first_non_finite, Some(1), "{name}");
                let norms = |row: usize| {
                    let row: Vec<f64> =
                        rows()[12 * row..12 * row + 12].iter().map(|&x| x.into()).collect();
                    crate::truth::norm_of(projection.norm(), &row)
                };
                let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-5;
                assert!(near(report.largest_norm, norms(0)), "{name}: {report:?}");
                assert!(near(report.mean_norm, (norms(0) + norms(4)) / 3.0), "{name}: {report:?}");
            }
        }
    }
}

#[test]
fn slices_of_zeros_become_basis_vectors() {
    for (i, (shape, axes)) in [
        (vec![3, 8], Axes::from(1)),
        (vec![8, 3], 0.into()),
        (vec![8, 4], 0.into()),
        (vec![2, 3, 4], [0, 2].into()),
    ]
    .into_iter()
    .enumerate()
    {
        for (j, norm) in [Norm::L1, Norm::L2].into_iter().enumerate() {
            for context in in_turn(i + j) {
                let projection = Projection::sphere(norm, 2.0, axes);
                let projection = projection.zero_slices(ZeroSlice::BasisVector);
                let layout = Layout::contiguous(&shape).unwrap();
                let legal = Plan::legal_schedules(
                    &Request::in_place(projection, layout),
                    context.profile(),
                );
                for schedule in legal.unwrap().into_iter().step_by(3) {
                    let request = Request::in_place(projection, layout);
                    let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
                    let tensor = context.zeros(&shape).unwrap();
                    let _ = context.run(&plan, &tensor, &tensor).unwrap();
                    let found = tensor.read().unwrap();
                    let slices = normproj::reference::slices(axes, &shape).unwrap();
                    for slice in slices {
                        let of: Vec<f32> = slice.iter().map(|&i| found[i]).collect();
                        assert!(
                            of[0] == 2.0 && of[1..].iter().all(|&x| x == 0.0),
                            "{}",
                            plan.explain()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn results_elsewhere_are_those_in_place() {
    for context in contexts() {
        for (name, projection) in sets(1.into()) {
            let one = context.upload(&rows(), [5, 12]).unwrap();
            context.project(&projection, &one).unwrap();
            let (source, target) =
                (context.upload(&rows(), [5, 12]).unwrap(), context.zeros([5, 12]).unwrap());
            context.project_into(&projection, &source, &target).unwrap();
            let bits = |from: &[f32]| from.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&one.read().unwrap()), bits(&target.read().unwrap()), "{name}");
            assert_eq!(bits(&source.read().unwrap()), bits(&rows()), "{name}");
        }
    }
}

//! Every walk, on random views.

use super::naive::{fault, naive_sums, norms_fault, tally_fault};
use super::random::cases;
use super::{bits, plans};
use crate::Norm;
use crate::cpu::{norms, project, project_into};
use crate::layout::Layout;
use crate::plan::request::Request;
use crate::projection::{Projection, Rounding};

#[test]
fn in_place_agrees_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes);
        for plan in plans(&Request::in_place(projection, case.source)) {
            let mut after = case.data.clone();
            project(&plan, None, &mut after).unwrap();
            let view = &case.source;
            let fault = fault(&plan, (&case.data, view), (&case.data, &after, view), case.c);
            assert_eq!(fault, None, "{plan:?}");
            let once = after.clone();
            project(&plan, None, &mut after).unwrap();
            if case.c >= 1e-20 {
                assert_eq!(bits(&once), bits(&after), "a second projection: {plan:?}");
            }
        }
    }
}

#[test]
fn into_another_view_agrees_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes);
        for plan in plans(&Request::into(projection, case.source, case.target)) {
            let before = vec![7.0; case.target.end() + 3];
            let mut after = before.clone();
            project_into(&plan, None, &case.data, &mut after).unwrap();
            let source = (&case.data[..], &case.source);
            let fault = fault(&plan, source, (&before, &after, &case.target), case.c);
            assert_eq!(fault, None, "{plan:?}");
        }
    }
}

#[test]
fn norms_come_in_row_major_order_on_every_schedule() {
    for case in cases(400) {
        let reduced = case.axes.resolve(case.source.shape()).unwrap();
        let exact = naive_sums(&case.data, &case.source, &reduced);
        let layout = Layout::contiguous([exact.len()]).unwrap();
        for plan in plans(&Request::norms(Norm::L2, case.axes, case.source, layout)) {
            let mut found = vec![7.0; exact.len()];
            norms(&plan, &case.data, &mut found).unwrap();
            assert_eq!(norms_fault(&found, &exact), None, "{plan:?}");
        }
    }
}

#[test]
fn tallies_agree_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes).rounding(Rounding::Nearest);
        let reduced = case.axes.resolve(case.source.shape()).unwrap();
        let sums = naive_sums(&case.data, &case.source, &reduced);
        for plan in plans(&Request::in_place(projection, case.source).with_report()) {
            let tally = project(&plan, None, &mut case.data.clone()).unwrap();
            assert_eq!(tally_fault(&tally, &sums, case.c), None, "{plan:?}");
        }
    }
}

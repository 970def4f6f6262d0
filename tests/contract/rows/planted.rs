//! Planted errors: each must be seen.

use normproj::{Axes, Context, Layout, Projection, Report};

use super::Scene;

const INDICES: [u32; 5] = [3, 1, 3, u32::MAX, 8];

fn caught(spoil: impl Fn(&mut [f32], &mut Report)) -> bool {
    let memory: Vec<f32> = (0..40).map(|i| 1.0 + (i % 7) as f32).collect();
    let table = Layout::contiguous([8, 5]).expect("small");
    let projection = Projection::max_norm(1.0, Axes::keep(0));
    let scene = Scene { projection, table, memory: &memory, indices: &INDICES };
    let context = Context::cpu();
    let plan = context.plan(&scene.request()).expect("valid");
    let (mut after, mut report) = scene.run(&context, &plan, 1);
    assert_eq!(scene.judge(&context, &plan, &after, &report), Ok(()));
    spoil(&mut after, &mut report);
    scene.judge(&context, &plan, &after, &report).is_err()
}

#[test]
fn a_row_that_is_not_named_and_changed_is_caught() {
    assert!(caught(|memory, _| memory[12] = memory[12].next_down()));
}

#[test]
fn a_row_that_is_named_and_was_forgotten_is_caught() {
    assert!(caught(|memory, _| {
        (15..20).for_each(|i| memory[i] = 1.0 + (i % 7) as f32);
    }));
}

#[test]
fn a_row_that_was_projected_too_far_is_caught() {
    assert!(caught(|memory, _| memory[15..20].iter_mut().for_each(|x| *x *= 0.9999)));
}

#[test]
fn a_wrong_count_is_caught() {
    assert!(caught(|_, report| report.out_of_range = 1));
    assert!(caught(|_, report| report.slices = 3), "a row that is named twice counts once");
    assert!(caught(|_, report| report.changed = 1));
    assert!(caught(|_, report| report.first_non_finite = Some(3)));
}

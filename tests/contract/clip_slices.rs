//! Clips by norm of slices: what other systems add to a norm, and every policy.

use normproj::{Compat, Layout, OnNonFinite, Projection, Request};

use crate::contexts::{contexts, say};
use crate::run::{all_plans, prove};
use crate::values::{Fill, hash, non_finite};

const SHAPE: [usize; 2] = [37, 53];

/// Slices of norms from 1e-8 to 1e2 along either axis; about one element in `rarity` is bad.
fn memory(rarity: u64) -> Vec<f32> {
    let value = |i: usize| {
        let bits = hash(7, i);
        let scale = 10f32.powi(-((i % SHAPE[1] + i / SHAPE[1]) as i32 % 9));
        match rarity > 0 && bits.is_multiple_of(rarity) {
            true => non_finite(bits),
            false => scale * Fill::Normal.value::<f32>(3, i),
        }
    };
    (0..SHAPE[0] * SHAPE[1]).map(value).collect()
}

#[test]
fn every_formula_and_every_policy_on_every_schedule() {
    let layout = Layout::contiguous(SHAPE).expect("small");
    for context in contexts() {
        let mut run = 0;
        for axis in [0, 1] {
            for radius in [1e-6, 0.5, 3.0] {
                let clip = Projection::clip_norm(radius, axis);
                let formulas = [clip, clip.compat(Compat::Torch), clip.compat(Compat::TensorFlow)];
                for (projection, policy) in
                    formulas.into_iter().flat_map(|clip| OnNonFinite::ALL.map(|p| (clip, p)))
                {
                    let request = Request::in_place(projection.on_non_finite(policy), layout);
                    let plans = all_plans(context, &request);
                    let number = if context.as_gpu().is_some() { 1 } else { plans.len() };
                    for (plan, rarity) in plans.iter().take(number).zip([0, 400].iter().cycle()) {
                        prove(context, plan, &memory(*rarity), &[]);
                        prove(context, plan, &memory(400 - rarity), &[]);
                        run += 2;
                    }
                }
            }
        }
        say(&format!("clips of slices: {run} on {}", context.describe()));
        assert!(run >= 2 * 3 * 3 * 4 * 2, "{run}");
    }
}

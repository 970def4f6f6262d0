//! Groups that hold a NaN or an infinity: what each policy makes of them, and what is told.

use normproj::{Clip, Context, Error, Norm, OnNonFinite};

use crate::clip_run::{carry_out, prove};
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::judge::Stats;
use crate::values::Fill;

/// A quiet NaN of some payload, a signalling one, and both infinities.
const BAD: [u32; 4] = [0xffc0_1234, 0x7fa0_0001, 0x7f80_0000, 0xff80_0000];

/// Three tensors of different sizes with these bits among them.
fn spoilt(bad: &[(usize, usize, u32)]) -> Scene {
    let tensors: Vec<Vec<f32>> = [5usize, 1100, 130]
        .iter()
        .enumerate()
        .map(|(tensor, &size)| {
            let mut values: Vec<f32> =
                (0..size).map(|i| Fill::Normal.value(tensor as u64, i)).collect();
            let here = bad.iter().filter(|(place, _, _)| *place == tensor);
            here.for_each(|&(_, i, bits)| values[i] = f32::from_bits(bits));
            values
        })
        .collect();
    Scene::of(&tensors.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn prove_policies(context: &Context, scene: &Scene, norms: &[Norm], radii: &[f64]) -> usize {
    let mut run = 0;
    for policy in OnNonFinite::ALL {
        for (&norm, &radius) in norms.iter().flat_map(|n| radii.iter().map(move |c| (n, c))) {
            let clip = |clip: Clip| clip.norm(norm).on_non_finite(policy);
            let global = prove(context, clip(Clip::global_norm(radius)), scene);
            assert_eq!(global, Stats { non_finite: 1, ..Stats::default() });
            let each = prove(context, clip(Clip::each_norm(radius)), scene);
            assert!((1..=2).contains(&each.non_finite), "{each:?}");
            run += 2;
        }
    }
    run
}

#[test]
fn every_policy_of_every_bad_value_in_every_tensor() {
    for context in contexts() {
        let mut run = 0;
        for bits in BAD {
            for place in [(0, 4), (1, 0), (1, 1099), (2, 64)] {
                let scene = spoilt(&[(place.0, place.1, bits)]);
                run += prove_policies(context, &scene, &[Norm::L2], &[1.0]);
            }
        }
        // Both kinds at once, in one tensor and in two.
        for bad in [[(1, 7, BAD[2]), (1, 900, BAD[0])], [(1, 7, BAD[3]), (2, 5, BAD[1])]] {
            let radii = [0.0, 1.0, f64::INFINITY];
            run += prove_policies(context, &spoilt(&bad), &Norm::ALL, &radii);
        }
        say(&format!("clips of NaN and infinity: {run} on {}", context.describe()));
        assert_eq!(run, (4 * 4 + 2 * 3 * 3) * 4 * 2);
    }
}

#[test]
fn the_first_bad_tensor_is_named_and_the_next_step_works() {
    for context in contexts() {
        let scene = spoilt(&[(1, 1099, BAD[0]), (2, 0, BAD[2])]);
        let stage = scene.stage(context, Clip::global_norm(1.0)).expect("valid");
        let report = stage.group.run().and_then(|pending| pending.wait()).expect("a report");
        assert_eq!((report.non_finite(), report.first_non_finite()), (2, Some("1")));
        assert!(!report.clipped() && report.total().norm.is_nan());
        let refused = report.checked().map(drop);
        assert_eq!(refused, Err(Error::NonFinite { name: "1".to_string(), count: 2 }));
        let flag = stage.group.non_finite().and_then(|flag| flag.read()).expect("a flag");
        assert_eq!(flag, [1.0]);
        // Mended where it lies: the whole of what was not finite becomes zero.
        let mend = Clip::each_norm(f64::INFINITY).on_non_finite(OnNonFinite::Zero);
        let mended = stage.with(mend).expect("valid");
        carry_out(&mended, &scene);
        let (after, found) = carry_out(&stage, &scene);
        let found = found.expect("a clip by norm reports");
        assert_eq!((found.non_finite, found.report.non_finite()), (0, 0));
        assert!(found.report.clipped() && found.report.checked().is_ok());
        let zeros = |tensor: usize| after.elements()[tensor].values.iter().all(|&y| y == 0.0);
        assert!(!zeros(0) && zeros(1) && zeros(2));
    }
}

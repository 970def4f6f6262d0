//! The checkpoint and the gradients of a real network.

use normproj::reference::Elements;
use normproj::{Clip, Compat, Decay, Filter, Group, Model, Norm, OnNonFinite, reference};
use safetensors::SafeTensors;

use crate::clip_run::prove;
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::judge::Stats;

/// The tensors of a file, by name.
fn load(file: &str) -> Vec<(String, Vec<f32>)> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let bytes = std::fs::read(folder.join(file)).expect(file);
    let tensors = SafeTensors::deserialize(&bytes).expect(file);
    let values = |view: &safetensors::tensor::TensorView<'_>| {
        view.data().as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
    };
    let mut named: Vec<(String, Vec<f32>)> =
        tensors.tensors().iter().map(|(name, view)| (name.clone(), values(view))).collect();
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named
}

fn gradients() -> Vec<(String, Vec<f32>)> {
    let gradients = load("digits-gradients.safetensors");
    assert_eq!(gradients.len(), 13);
    gradients
}

fn scene(tensors: &[(String, Vec<f32>)]) -> Scene {
    Scene::of(&tensors.iter().map(|(_, values)| values.as_slice()).collect::<Vec<_>>())
}

fn exact_norm(tensors: &[Elements]) -> f64 {
    reference::clip(&Clip::norms(Norm::L2), tensors, None).expect("valid").total
}

/// How many units in the last place of f32 a number is off.
fn ulps(found: f64, exact: f64) -> f64 {
    (found - exact).abs() / f64::from((exact as f32).next_up() - exact as f32)
}

/// What TensorFlow says of the gradients (`tests/data/README.md`).
const TENSORFLOW: f64 = 0.722_079_1;

#[test]
fn the_norm_of_the_gradients_is_tensorflows() {
    let scene = scene(&gradients());
    let exact = exact_norm(&scene.elements());
    assert!(ulps(TENSORFLOW, exact) < 4.0, "{exact:e}");
    for context in contexts() {
        prove(context, Clip::norms(Norm::L2), &scene);
        let stage = scene.stage(context, Clip::norms(Norm::L2)).expect("valid");
        let report = stage.group.run().and_then(|pending| pending.wait()).expect("a report");
        let stored = stage.group.norm().and_then(|norm| norm.read()).expect("a norm")[0];
        let off = [report.total().norm, stored.into()].map(|found| ulps(found, exact));
        say(&format!("digits: norm {stored} ({off:?} ulp) on {}", context.describe()));
        assert!(off[0] <= 2.0 && off[1] <= 2.0, "{off:?} on {}", context.describe());
    }
}

#[test]
fn the_gradients_are_clipped() {
    let scene = scene(&gradients());
    for context in contexts() {
        let outside = Stats { outside: 1, ..Stats::default() };
        assert_eq!(prove(context, Clip::global_norm(0.5), &scene), outside);
        let inside = Stats { inside: 1, ..Stats::default() };
        assert_eq!(prove(context, Clip::global_norm(0.73), &scene), inside);
        prove(context, Clip::global_norm(0.05).norm(Norm::L1), &scene);
        prove(context, Clip::each_norm(0.05).norm(Norm::Linf), &scene);
        prove(context, Clip::value(-0.01, 0.01), &scene);
        let policy = Clip::global_norm(0.5).on_non_finite(OnNonFinite::Poison);
        assert_eq!(prove(context, policy, &scene), outside);
    }
}

/// The tolerance of the golden cases in f32.
const TOLERANCE: f64 = 16.0 * f32::EPSILON as f64;

#[test]
fn the_gradients_are_clipped_as_by_tensorflow() {
    let scene = scene(&gradients());
    let clip = Clip::global_norm(0.5).compat(Compat::TensorFlow);
    let exact = reference::clip(&clip, &scene.elements(), None).expect("valid");
    for context in contexts() {
        prove(context, clip, &scene);
        let stage = scene.stage(context, clip).expect("valid");
        drop(stage.group.run().expect("it runs"));
        let after = Scene { memories: stage.memories(), ..scene.clone() }.elements();
        let after: Vec<f64> = after.into_iter().flat_map(|tensor| tensor.values).collect();
        let mut compared = 0;
        for (y, exact) in after.iter().zip(exact.tensors.concat()) {
            let most = TOLERANCE * exact.abs().max(f32::MIN_POSITIVE.into());
            assert!((y - exact).abs() <= most, "{y:e}, not {exact:e}");
            compared += 1;
        }
        assert_eq!(compared, after.len());
        assert!(compared > 100_000, "{compared}");
    }
}

#[test]
fn the_l2_loss_leaves_out_biases_and_normalization() {
    let filter = Filter::all().exclude("*bias*").exclude("norm1.*");
    for context in contexts() {
        let (model, taken) = checkpoint(context, &filter);
        assert_eq!(taken.len(), 6);
        let norm = exact_norm(&taken);
        let exact = 0.5 * norm * norm;
        let group = Group::new(Clip::norms(Norm::L2), &model).expect("valid");
        let report = group.run().and_then(|pending| pending.wait()).expect("a report");
        let stored = group.half_square().and_then(|half| half.read()).expect("a loss")[0];
        let off = [report.total().half_square(), stored.into()].map(|found| ulps(found, exact));
        say(&format!("digits: L2 loss {stored} ({off:?} ulp) on {}", context.describe()));
        assert!(off[0] <= 4.0 && off[1] <= 4.0, "{off:?} on {}", context.describe());
    }
}

/// The tensors of the checkpoint that a filter takes, and their elements.
fn checkpoint(context: &normproj::Context, filter: &Filter) -> (Model, Vec<Elements>) {
    let weights = load("digits.safetensors");
    assert_eq!(weights.len(), 15);
    let upload = |(name, values): &(String, Vec<f32>)| {
        (name.clone(), context.upload(values, [values.len()]).expect("upload"))
    };
    let buffers: Vec<_> = weights.iter().map(upload).collect();
    let named = buffers.iter().map(|(name, buffer)| (name.clone(), buffer));
    let model = Model::new(context, named).and_then(|model| model.filtered(filter)).expect("valid");
    let read = |tensor: &normproj::DeviceBuffer| Elements::of(&tensor.read().expect("read"));
    let elements = model.tensors().iter().map(read).collect();
    (model, elements)
}

#[test]
fn decay_counts_in_the_norm() {
    const RATE: f64 = 0.005;
    let gradients = gradients();
    for context in contexts() {
        let all = Filter::all().exclude("*bias*").exclude("norm1.*");
        let (weights, _) = checkpoint(context, &all);
        let buffers: Vec<_> = gradients
            .iter()
            .map(|(name, g)| (name, context.upload(g, [g.len()]).expect("upload")))
            .collect();
        let model = Model::new(context, buffers.iter().map(|(name, g)| (name.as_str(), g)));
        let model = model.expect("valid");
        // By name: the checkpoint holds tensors that have no gradient, and in another order.
        let expected: Vec<Elements> = gradients
            .iter()
            .map(|(name, g)| match weights.get(name) {
                Some(w) => reference::decayed(RATE, g, &w.read().expect("read")),
                None => Elements::of(g),
            })
            .collect();
        let exact = exact_norm(&expected);
        assert!((exact - TENSORFLOW).abs() > 1e-3, "decay moves the norm: {exact}");
        let group = Group::with_decay(Clip::global_norm(0.5), &model, &Decay::new(RATE, &weights))
            .expect("valid");
        let report = group.run().and_then(|pending| pending.wait()).expect("a report");
        let off = ulps(report.total().norm, exact);
        assert!(off <= 2.0, "{off} ulp on {}", context.describe());
        let scale = 0.5 / exact;
        for ((_, buffer), expected) in buffers.iter().zip(&expected) {
            for (y, x) in buffer.read().expect("read").iter().zip(&expected.values) {
                let (y, exact) = (f64::from(*y), x * scale);
                // The product may be rounded before the sum.
                let most = 4.0 * group.plan().margin().kappa * exact.abs() + 1e-9;
                assert!((y - exact).abs() <= most, "{y:e}, not {exact:e}");
            }
        }
    }
}

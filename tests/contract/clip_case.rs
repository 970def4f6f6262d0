//! A random model and a clip of it: sizes, places, values, norm, radius, policy, decay.

use normproj::{Clip, Compat, GivenNorm, Layout, Norm, OnNonFinite, Rounding, reference};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Radius, radius};
use crate::clip_scene::{Decays, Place, Scene};
use crate::values::{Fill, hash, non_finite};

/// A model and what is done to it.
#[derive(Debug, Clone)]
pub struct ClipCase {
    tensors: Vec<Tensor>,
    fill: Fill,
    /// About one element in this many is a NaN or an infinity; 0 for none.
    poison: usize,
    kind: Kind,
    norm: Norm,
    radius: Radius,
    rounding: Rounding,
    compat: Option<Compat>,
    policy: OnNonFinite,
    decay: Option<f64>,
    seed: u64,
}

#[derive(Debug, Clone)]
struct Tensor {
    size: usize,
    form: Form,
    /// Elements left out before it.
    gap: usize,
    /// In a memory of its own, or in the arena.
    alone: bool,
}

/// How the elements of a tensor lie.
#[derive(Debug, Clone, Copy)]
enum Form {
    Dense,
    EveryOther,
    /// Rows of three with two left out.
    Rows,
    /// Rows of four, column by column.
    Transposed,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Global,
    Each,
    Value,
    Norms,
    GivenHost(f64),
    GivenDevice(f32),
}

impl Tensor {
    fn layout(&self, offset: usize) -> Layout {
        let (rows, columns) = (self.size / 3, self.size / 4);
        let layout = match self.form {
            Form::Dense => Layout::strided([self.size], [1], offset),
            Form::EveryOther => Layout::strided([self.size], [2], offset),
            Form::Rows => Layout::strided([rows, 3], [5, 1], offset),
            Form::Transposed => Layout::strided([columns, 4], [1, columns], offset),
        };
        layout.expect("no two elements meet")
    }
}

impl ClipCase {
    pub fn scene(&self) -> Scene {
        let mut end = 0;
        let mut memories = 1;
        let mut place = |tensor: &Tensor| match tensor.alone {
            true => {
                memories += 1;
                Place { memory: memories - 1, layout: tensor.layout(tensor.gap) }
            }
            false => {
                let layout = tensor.layout(end + tensor.gap);
                end = layout.end().max(layout.offset());
                Place { memory: 0, layout }
            }
        };
        let places: Vec<Place> = self.tensors.iter().map(&mut place).collect();
        let value = |tensor: usize, i: usize| {
            let seed = self.seed ^ (tensor as u64) << 32;
            let bits = hash(seed ^ 0x5eed, i);
            match self.poison {
                0 => self.fill.value(seed, i),
                rarity if bits.is_multiple_of(rarity as u64) => non_finite(bits),
                _ => self.fill.value(seed, i),
            }
        };
        let mut scene = Scene::amid(&places, self.seed >> 1, value);
        if let Some(rate) = self.decay {
            self.add_weights(&mut scene, rate);
        }
        if let Kind::GivenDevice(norm) = self.kind {
            scene.given = Some(norm);
        }
        scene
    }

    /// Weights, in one memory, of all tensors but every third.
    fn add_weights(&self, scene: &mut Scene, rate: f64) {
        let (memory, mut weights) = (scene.memories.len(), Vec::new());
        let mut place = |(number, tensor): (usize, &Place)| {
            let shape = tensor.layout.shape();
            let mut strides = vec![1; shape.len()];
            (1..shape.len()).rev().for_each(|d| strides[d - 1] = strides[d] * shape[d]);
            let layout = Layout::strided(shape, strides, weights.len()).expect("contiguous");
            let seed = !self.seed ^ number as u64;
            weights.extend((0..layout.len()).map(|i| Fill::Normal.value::<f32>(seed, i)));
            (number % 3 != 2).then_some(Place { memory, layout })
        };
        let weights_of = scene.tensors.iter().enumerate().map(&mut place).collect();
        weights.push(0.0);
        scene.memories.push(weights);
        scene.decay = Some(Decays { rate, weights: weights_of });
    }

    pub fn clip(&self, scene: &Scene) -> Clip {
        let radius = match self.radius {
            Radius::Given(radius) => radius,
            Radius::Near(ulps) => self.near_a_norm(scene, ulps),
        };
        let clip = match self.kind {
            Kind::Global => Clip::global_norm(radius),
            Kind::Each => Clip::each_norm(radius),
            Kind::Value => Clip::value(-0.5 * radius, radius),
            Kind::Norms => Clip::norms(Norm::L2),
            Kind::GivenHost(norm) => Clip::global_norm(radius).use_norm(GivenNorm::Host(norm)),
            Kind::GivenDevice(_) => Clip::global_norm(radius).use_norm(GivenNorm::Device),
        };
        let clip = clip.norm(self.norm).rounding(self.rounding).on_non_finite(self.policy);
        self.compat.map_or(clip, |compat| clip.compat(compat))
    }

    /// A radius this many ulp from the norm of all, or of a tensor.
    fn near_a_norm(&self, scene: &Scene, ulps: i32) -> f64 {
        let found = reference::clip(&Clip::norms(self.norm), &scene.decayed(), None);
        let found = found.expect("norms of anything");
        let own = found.norms.get(hash(self.seed, 1) as usize % found.norms.len().max(1));
        let norm = match (self.kind, own) {
            (Kind::Each, Some(&own)) => own,
            _ => found.total,
        };
        if !norm.is_finite() || norm == 0.0 {
            return 1.0;
        }
        let ulp = 2f64.powi(norm.log2().floor().max(-126.0) as i32 - 23);
        ((norm / ulp).round() + f64::from(ulps)).max(0.0) * ulp
    }
}

/// Every kind of case.
pub fn clip_cases() -> impl Strategy<Value = ClipCase> {
    let size = prop_oneof![
        1 => Just(0usize),
        2 => Just(1),
        8 => 2..=40usize,
        4 => 41..=300usize,
        2 => 301..=5000usize,
    ];
    let forms = vec![Form::Dense, Form::Dense, Form::EveryOther, Form::Rows, Form::Transposed];
    let tensor = (size, select(forms), 0..6usize, any::<bool>())
        .prop_map(|(size, form, gap, alone)| Tensor { size, form, gap, alone });
    let count = prop_oneof![1 => Just(0..=0usize), 6 => Just(1..=6), 4 => Just(7..=40)];
    let tensors =
        count.prop_flat_map(move |count| proptest::collection::vec(tensor.clone(), count));
    let fill = prop_oneof![3 => Just(Fill::Normal), 4 => select(Fill::ALL.to_vec())];
    let poison = prop_oneof![4 => Just(0usize), 1 => Just(5), 1 => Just(900)];
    let kind = prop_oneof![
        6 => Just(Kind::Global),
        4 => Just(Kind::Each),
        2 => Just(Kind::Value),
        1 => Just(Kind::Norms),
        1 => (0.01..50.0f64).prop_map(Kind::GivenHost),
        1 => (0.01..50.0f32).prop_map(Kind::GivenDevice),
    ];
    let norm = prop_oneof![3 => Just(Norm::L2), 1 => Just(Norm::L1), 1 => Just(Norm::Linf)];
    let rounding = prop_oneof![4 => Just(Rounding::Feasible), 1 => Just(Rounding::Nearest)];
    let compats = vec![Compat::TensorFlow, Compat::Torch, Compat::Burn];
    let compat = prop_oneof![4 => Just(None), 1 => select(compats).prop_map(Some)];
    let decay = prop_oneof![3 => Just(None), 1 => (0.0..2.0f64).prop_map(Some)];
    let rules = (kind, norm, radius(), rounding, compat, select(OnNonFinite::ALL.to_vec()));
    (tensors, fill, poison, rules, decay, any::<u64>().no_shrink()).prop_map(
        |(tensors, fill, poison, rules, decay, seed)| {
            let (kind, norm, radius, rounding, compat, policy) = rules;
            // A norm that is given on the device goes with no decay.
            let decay = decay.filter(|_| !matches!(kind, Kind::GivenDevice(_)));
            ClipCase {
                tensors,
                fill,
                poison,
                kind,
                norm,
                radius,
                rounding,
                compat,
                policy,
                decay,
                seed,
            }
        },
    )
}

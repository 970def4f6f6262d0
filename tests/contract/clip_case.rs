//! A random model and a clip of it: sizes, places, values, norm, radius, policy, decay.

use normproj::{Clip, Compat, DType, GivenNorm, Layout, Norm, OnNonFinite, Rounding, reference};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Radius, radius};
use crate::clip_memory::Memory;
use crate::clip_scene::{Decays, Place, Scene};
use crate::values::{Fill, for_dtype, hash, non_finite};

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
    pub seed: u64,
}

#[derive(Debug, Clone)]
struct Tensor {
    size: usize,
    form: Form,
    /// Elements left out before it.
    gap: usize,
    /// In a memory of its own, or in the arena.
    alone: bool,
    dtype: DType,
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
    GivenDevice(f64),
}

impl Tensor {
    fn place(&self, memory: usize, offset: usize) -> Place {
        Place { memory, layout: self.layout(offset), dtype: self.dtype }
    }

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
        // In bytes.
        let mut end = 0usize;
        let mut memories = 1;
        let mut place = |tensor: &Tensor| match tensor.alone {
            true => {
                memories += 1;
                tensor.place(memories - 1, tensor.gap)
            }
            false => {
                let place = tensor.place(0, end.div_ceil(tensor.dtype.size()) + tensor.gap);
                let layout = &place.layout;
                end = tensor.dtype.size() * layout.end().max(layout.offset());
                place
            }
        };
        let places: Vec<Place> = self.tensors.iter().map(&mut place).collect();
        let mut scene = Scene::filled(&places, self.seed >> 1, &|memory, place, tensor, i, at| {
            let seed = self.seed ^ (tensor as u64) << 32;
            let bits = hash(seed ^ 0x5eed, i);
            let bad = self.poison > 0 && bits.is_multiple_of(self.poison as u64);
            for_dtype!(place.dtype, T => memory.set::<T>(at, match bad {
                true => non_finite(bits),
                false => self.fill.value(seed, i),
            }));
        });
        if let Some(rate) = self.decay {
            self.add_weights(&mut scene, rate);
        }
        if let Kind::GivenDevice(norm) = self.kind {
            let single = scene.dtype() == DType::F32;
            scene.given = Some(if single { f64::from(norm as f32) } else { norm });
        }
        scene
    }

    /// Weights, in one memory, of all tensors but every third.
    fn add_weights(&self, scene: &mut Scene, rate: f64) {
        let memory = scene.memories.len();
        let mut weights = Memory::default();
        let mut place = |(number, tensor): (usize, &Place)| {
            let shape = tensor.layout.shape();
            let mut strides = vec![1; shape.len()];
            (1..shape.len()).rev().for_each(|d| strides[d - 1] = strides[d] * shape[d]);
            let seed = !self.seed ^ number as u64;
            weights.pad(tensor.dtype.size());
            let layout = for_dtype!(tensor.dtype, T => {
                let layout = Layout::strided(shape, strides, weights.len::<T>());
                let count = tensor.layout.len();
                let values: Vec<T> = (0..count).map(|i| Fill::Normal.value(seed, i)).collect();
                weights.extend(&values);
                layout.expect("contiguous")
            });
            (number % 3 != 2).then_some(Place { memory, layout, dtype: tensor.dtype })
        };
        let weights_of = scene.tensors.iter().enumerate().map(&mut place).collect();
        weights.extend(&[0.0f32]);
        weights.pad(4);
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
            Kind::Norms => Clip::norms(self.norm),
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
        if scene.tensors.iter().any(|tensor| tensor.dtype == DType::F64) {
            return f64::from_bits(norm.to_bits().saturating_add_signed(ulps.into()));
        }
        let ulp = 2f64.powi(norm.log2().floor().max(-126.0) as i32 - 23);
        ((norm / ulp).round() + f64::from(ulps)).max(0.0) * ulp
    }
}

/// The dtypes of a group.
fn dtypes() -> impl Strategy<Value = Vec<DType>> {
    use DType::{BF16, F16, F32, F64};
    prop_oneof![
        4 => Just(vec![F32]),
        1 => Just(vec![F16]),
        1 => Just(vec![BF16]),
        3 => Just(vec![F32, F16, BF16]),
        1 => Just(vec![F64]),
        1 => Just(vec![F64, F32]),
        1 => Just(vec![F64, F32, F16, BF16]),
    ]
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
    let tensor = (size, select(forms), 0..6usize, any::<bool>(), any::<usize>());
    let count = prop_oneof![1 => Just(0..=0usize), 6 => Just(1..=6), 4 => Just(7..=40)];
    let tensors =
        count.prop_flat_map(move |count| proptest::collection::vec(tensor.clone(), count));
    let tensors =
        (tensors, dtypes()).prop_map(|(tensors, dtypes)| {
            let tensor = |(size, form, gap, alone, dtype): (usize, Form, usize, bool, usize)| {
                Tensor { size, form, gap, alone, dtype: dtypes[dtype % dtypes.len()] }
            };
            tensors.into_iter().map(tensor).collect::<Vec<Tensor>>()
        });
    let fill = prop_oneof![3 => Just(Fill::Normal), 4 => select(Fill::ALL.to_vec())];
    let poison = prop_oneof![4 => Just(0usize), 1 => Just(5), 1 => Just(900)];
    let kind = prop_oneof![
        6 => Just(Kind::Global),
        4 => Just(Kind::Each),
        2 => Just(Kind::Value),
        1 => Just(Kind::Norms),
        1 => (0.01..50.0f64).prop_map(Kind::GivenHost),
        1 => (0.01..50.0f64).prop_map(Kind::GivenDevice),
    ];
    let lp = |p| Norm::lp(p).expect("in range");
    let powers: Vec<Norm> = [3.0, 0.5, 4.0, 1.7, 64.0, 1.0 / 64.0].map(lp).to_vec();
    let norm = prop_oneof![
        3 => Just(Norm::L2),
        1 => Just(Norm::L1),
        1 => Just(Norm::Linf),
        1 => select(powers),
    ];
    let rounding = prop_oneof![
        4 => Just(Rounding::Feasible),
        1 => Just(Rounding::Nearest),
        1 => Just(Rounding::TowardZero),
    ];
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

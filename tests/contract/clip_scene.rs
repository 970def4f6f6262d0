//! The tensors of a model, amid the memories that they lie in.

use normproj::reference::{self, Elements};
use normproj::{Clip, Context, DType, Decay, DeviceBuffer, Group, Layout, Model, Result};

use crate::clip_memory::Memory;
use crate::run::serves;
use crate::values::{Value, for_dtype, hash};

/// Memories on the host, and what lies where in them.
#[derive(Debug, Clone)]
pub struct Scene {
    pub memories: Vec<Memory>,
    pub tensors: Vec<Place>,
    pub decay: Option<Decays>,
    /// The norm that is given on the device; where no tensor is f64, it is an f32.
    pub given: Option<f64>,
}

/// Where a tensor lies; its layout counts elements of its dtype.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub memory: usize,
    pub layout: Layout,
    pub dtype: DType,
}

/// The decay of some tensors.
#[derive(Debug, Clone)]
pub struct Decays {
    pub rate: f64,
    /// The weights of each tensor.
    pub weights: Vec<Option<Place>>,
}

/// A scene on a device.
pub struct Stage {
    pub group: Group,
    memories: Vec<DeviceBuffer>,
}

impl Scene {
    /// Each tensor in a memory of its own.
    pub fn of(tensors: &[&[f32]]) -> Scene {
        Scene::of_any(tensors)
    }

    /// The same of any dtype.
    pub fn of_any<T: Value>(tensors: &[&[T]]) -> Scene {
        tensors.iter().fold(Scene::empty(), |scene, tensor| scene.and(tensor))
    }

    /// No tensors at all.
    pub fn empty() -> Scene {
        Scene { memories: Vec::new(), tensors: Vec::new(), decay: None, given: None }
    }

    /// One tensor more, in a memory of its own.
    pub fn and<T: Value>(mut self, tensor: &[T]) -> Scene {
        let layout = Layout::contiguous([tensor.len()]).expect("one axis");
        let memory = self.memories.len();
        self.tensors.push(Place { memory, layout, dtype: T::DTYPE });
        self.memories.push(Memory::of(tensor));
        self
    }

    /// One tensor more at the end of the first memory.
    pub fn and_beside<T: Value>(mut self, tensor: &[T]) -> Scene {
        if self.memories.is_empty() {
            self.memories.push(Memory::default());
        }
        self.memories[0].pad(size_of::<T>());
        let layout = Layout::strided([tensor.len()], [1], self.memories[0].len::<T>());
        let place = Place { memory: 0, layout: layout.expect("one axis"), dtype: T::DTYPE };
        self.tensors.push(place);
        self.memories[0].extend(tensor);
        self
    }

    /// Tensors of these values, amid arbitrary bits.
    pub fn amid(places: &[Place], seed: u64, value: impl Fn(usize, usize) -> f32) -> Scene {
        Scene::filled(places, seed, &|memory, place, tensor, i, at| {
            assert_eq!(place.dtype, DType::F32);
            memory.set(at, value(tensor, i));
        })
    }

    /// Tensors that are set element by element, amid arbitrary bits: `set` is told the place, the number
    /// of the tensor, that of the element, and where it lies.
    pub fn filled(
        places: &[Place],
        seed: u64,
        set: &dyn Fn(&mut Memory, &Place, usize, usize, usize),
    ) -> Scene {
        let count = places.iter().map(|place| place.memory + 1).max().unwrap_or(0);
        let size = |memory: usize| {
            let here = places.iter().filter(|place| place.memory == memory);
            let ends = here.map(|place| place.dtype.size() * place.layout.end());
            ends.max().unwrap_or(0).next_multiple_of(4) + 12
        };
        let bits = |memory: usize| {
            let byte = |at: usize| hash(!(seed + memory as u64), at / 4) as u32;
            Memory::of(
                &(0..size(memory))
                    .step_by(4)
                    .map(|at| f32::from_bits(byte(at)))
                    .collect::<Vec<_>>(),
            )
        };
        let mut memories: Vec<Memory> = (0..count).map(bits).collect();
        for (tensor, place) in places.iter().enumerate() {
            let memory = &mut memories[place.memory];
            let elements = reference::places(&place.layout).into_iter().enumerate();
            elements.for_each(|(i, at)| set(memory, place, tensor, i, at));
        }
        Scene { memories, tensors: places.to_vec(), decay: None, given: None }
    }

    /// The same scene with decay of each tensor by weights in a memory of their own.
    pub fn with_decay(self, rate: f64, weights: &[&[f32]]) -> Scene {
        self.with_weights(rate, weights)
    }

    /// The same of any dtype.
    pub fn with_weights<T: Value>(mut self, rate: f64, weights: &[&[T]]) -> Scene {
        assert_eq!(weights.len(), self.tensors.len());
        let weights = weights.iter().zip(&self.tensors).map(|(values, tensor)| {
            let layout = Layout::contiguous(tensor.layout.shape()).expect("a shape");
            self.memories.push(Memory::of(values));
            Some(Place { memory: self.memories.len() - 1, layout, dtype: tensor.dtype })
        });
        self.decay = Some(Decays { rate, weights: weights.collect() });
        self
    }

    /// The elements of a tensor in row-major order.
    pub fn values<T: Value>(&self, place: &Place) -> Vec<T> {
        let memory = &self.memories[place.memory];
        reference::places(&place.layout).into_iter().map(|at| memory.get(at)).collect()
    }

    /// The elements of each tensor, and their bits.
    pub fn bits(&self) -> Vec<Vec<(u64, f64)>> {
        let of = |place: &Place| {
            let memory = &self.memories[place.memory];
            let places = reference::places(&place.layout).into_iter();
            places.map(|at| memory.element(place.dtype, at)).collect()
        };
        self.tensors.iter().map(of).collect()
    }

    /// The elements of each tensor as they are stored.
    pub fn elements(&self) -> Vec<Elements> {
        let of =
            |place: &Place| for_dtype!(place.dtype, T => Elements::of(&self.values::<T>(place)));
        self.tensors.iter().map(of).collect()
    }

    /// The weights of a tensor, if it decays.
    pub fn weights(&self, tensor: usize) -> Option<Vec<f64>> {
        let place = self.decaying(tensor)?;
        Some(for_dtype!(place.dtype, T => Elements::of(&self.values::<T>(&place))).values)
    }

    /// Where the weights of a tensor lie, if it decays.
    fn decaying(&self, tensor: usize) -> Option<Place> {
        let decay = self.decay.as_ref()?;
        let double = self.tensors[tensor].dtype == DType::F64;
        // Without a rate nothing decays.
        let counts = if double { decay.rate != 0.0 } else { decay.rate as f32 != 0.0 };
        decay.weights[tensor].filter(|_| counts)
    }

    /// The elements of each tensor as the clip reads them: with weights, where it decays.
    pub fn decayed(&self) -> Vec<Elements> {
        let rate = self.decay.as_ref().map_or(0.0, |decay| decay.rate);
        let read = |(number, place): (usize, &Place)| {
            for_dtype!(place.dtype, T => {
                let gradient = self.values::<T>(place);
                match self.decaying(number) {
                    Some(weights) => {
                        reference::decayed(rate, &gradient, &self.values::<T>(&weights))
                    }
                    None => Elements::of(&gradient),
                }
            })
        };
        self.tensors.iter().enumerate().map(read).collect()
    }

    /// Whether a backend works on tensors like these.
    pub fn served_by(&self, context: &Context) -> bool {
        serves(context, self.dtype())
    }

    /// The dtype of results, and of a norm that is given on the device.
    pub fn dtype(&self) -> DType {
        let double = self.tensors.iter().any(|place| place.dtype == DType::F64);
        if double { DType::F64 } else { DType::F32 }
    }

    /// The group of this clip on a device.
    pub fn stage(&self, context: &Context, clip: Clip) -> Result<Stage> {
        let (memories, model) = self.model(context)?;
        let group = match (&self.decay, self.given) {
            (None, None) => Group::new(clip, &model)?,
            (None, Some(given)) => {
                let given = for_dtype!(self.dtype(), T => {
                    context.upload_as(&[<T as Value>::of(given)], [1])
                });
                Group::by_norm(clip, &model, &given?)?
            }
            (Some(decay), _) => {
                let weights = decay.weights.iter().enumerate();
                let named = weights.filter_map(|(i, place)| Some((i.to_string(), place.as_ref()?)));
                let view = |(name, place): (String, &Place)| Ok((name, place.view(&memories)?));
                let views: Vec<(String, DeviceBuffer)> = named.map(view).collect::<Result<_>>()?;
                let weights =
                    Model::new(context, views.iter().map(|(name, view)| (name.clone(), view)))?;
                Group::with_decay(clip, &model, &Decay::new(decay.rate, &weights))?
            }
        };
        Ok(Stage { group, memories })
    }

    /// The memories on a device, and the tensors there.
    pub fn model(&self, context: &Context) -> Result<(Vec<DeviceBuffer>, Model)> {
        let memories: Vec<DeviceBuffer> =
            self.memories.iter().map(|memory| memory.upload(context)).collect::<Result<_>>()?;
        let views = self.tensors.iter().map(|place| place.view(&memories));
        let tensors: Vec<DeviceBuffer> = views.collect::<Result<_>>()?;
        let model = Model::unnamed(context, &tensors)?;
        Ok((memories, model))
    }
}

impl Place {
    fn view(&self, memories: &[DeviceBuffer]) -> Result<DeviceBuffer> {
        memories[self.memory].view_as(self.layout, self.dtype)
    }
}

impl Stage {
    /// What the memories hold now.
    pub fn memories(&self) -> Vec<Memory> {
        self.memories.iter().map(Memory::read).collect()
    }

    /// The same memories under another clip.
    pub fn with(&self, clip: Clip) -> Result<Stage> {
        let group = Group::new(clip, self.group.model())?;
        Ok(Stage { group, memories: self.memories.clone() })
    }

    /// The same memories at another radius.
    pub fn with_radius(&self, radius: f64) -> Result<Stage> {
        let group = self.group.with_radius(radius)?;
        Ok(Stage { group, memories: self.memories.clone() })
    }

    /// The same group bound to the memories of another scene.
    pub fn rebind(&self, context: &Context, scene: &Scene) -> Result<Stage> {
        let (memories, model) = scene.model(context)?;
        Ok(Stage { group: self.group.rebind(&model)?, memories })
    }
}

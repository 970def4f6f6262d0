//! The tensors of a model, amid the memories that they lie in.

use normproj::{Clip, Context, Decay, DeviceBuffer, Group, Layout, Model, Result, reference};

use crate::values::neighbour;

/// Memories on the host, and what lies where in them.
#[derive(Debug, Clone)]
pub struct Scene {
    pub memories: Vec<Vec<f32>>,
    pub tensors: Vec<Place>,
    pub decay: Option<Decays>,
    /// The norm that is given on the device.
    pub given: Option<f32>,
}

/// Where a tensor lies.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub memory: usize,
    pub layout: Layout,
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
        let place = |(memory, tensor): (usize, &&[f32])| {
            let layout = Layout::contiguous([tensor.len()]).expect("one axis");
            Place { memory, layout }
        };
        Scene {
            memories: tensors.iter().map(|tensor| tensor.to_vec()).collect(),
            tensors: tensors.iter().enumerate().map(place).collect(),
            decay: None,
            given: None,
        }
    }

    /// Tensors one after the other in one memory.
    pub fn arena(tensors: &[&[f32]]) -> Scene {
        let mut end = 0;
        let mut place = |tensor: &&[f32]| {
            end += tensor.len();
            let layout = Layout::strided([tensor.len()], [1], end - tensor.len());
            Place { memory: 0, layout: layout.expect("one axis") }
        };
        Scene {
            tensors: tensors.iter().map(&mut place).collect(),
            memories: vec![tensors.concat()],
            decay: None,
            given: None,
        }
    }

    /// Tensors of these values, amid arbitrary bits.
    pub fn amid(places: &[Place], seed: u64, value: impl Fn(usize, usize) -> f32) -> Scene {
        let count = places.iter().map(|place| place.memory + 1).max().unwrap_or(0);
        let size = |memory: usize| {
            let here = places.iter().filter(|place| place.memory == memory);
            here.map(|place| place.layout.end()).max().unwrap_or(0) + 3
        };
        let bits = |memory: usize| {
            (0..size(memory)).map(|at| neighbour(seed + memory as u64, at)).collect()
        };
        let mut memories: Vec<Vec<f32>> = (0..count).map(bits).collect();
        for (tensor, place) in places.iter().enumerate() {
            let memory = &mut memories[place.memory];
            let elements = reference::places(&place.layout).into_iter().enumerate();
            elements.for_each(|(i, at)| memory[at] = value(tensor, i));
        }
        Scene { memories, tensors: places.to_vec(), decay: None, given: None }
    }

    /// The same scene with decay of each tensor by weights in a memory of their own.
    pub fn with_decay(mut self, rate: f64, weights: &[&[f32]]) -> Scene {
        assert_eq!(weights.len(), self.tensors.len());
        let weights = weights.iter().zip(&self.tensors).map(|(values, tensor)| {
            let layout = Layout::contiguous(tensor.layout.shape()).expect("a shape");
            self.memories.push(values.to_vec());
            Some(Place { memory: self.memories.len() - 1, layout })
        });
        self.decay = Some(Decays { rate, weights: weights.collect() });
        self
    }

    /// The elements of a tensor in row-major order.
    pub fn values(&self, place: &Place) -> Vec<f32> {
        let memory = &self.memories[place.memory];
        reference::places(&place.layout).into_iter().map(|at| memory[at]).collect()
    }

    /// The elements of each tensor.
    pub fn elements(&self) -> Vec<Vec<f32>> {
        self.tensors.iter().map(|tensor| self.values(tensor)).collect()
    }

    /// The weights of a tensor, if it decays.
    pub fn weights(&self, tensor: usize) -> Option<Vec<f32>> {
        // Without a rate nothing decays.
        let decay = self.decay.as_ref().filter(|decay| decay.rate as f32 != 0.0)?;
        Some(self.values(decay.weights[tensor].as_ref()?))
    }

    /// The elements of each tensor as the clip reads them: with weights, where it decays.
    pub fn decayed(&self) -> Vec<Vec<f32>> {
        let rate = self.decay.as_ref().map_or(0.0, |decay| decay.rate);
        let tensors = self.elements().into_iter().enumerate();
        let read = |(number, gradient): (usize, Vec<f32>)| match self.weights(number) {
            Some(weights) => reference::decayed(rate, &gradient, &weights),
            None => gradient,
        };
        tensors.map(read).collect()
    }

    /// The group of this clip on a device.
    pub fn stage(&self, context: &Context, clip: Clip) -> Result<Stage> {
        let (memories, model) = self.model(context)?;
        let view = |place: &Place| memories[place.memory].view(place.layout);
        let group = match (&self.decay, self.given) {
            (None, None) => Group::new(clip, &model)?,
            (None, Some(given)) => Group::by_norm(clip, &model, &context.upload(&[given], [1])?)?,
            (Some(decay), _) => {
                let weights = decay.weights.iter().enumerate();
                let named = weights.filter_map(|(i, place)| Some((i.to_string(), place.as_ref()?)));
                let views: Vec<(String, DeviceBuffer)> =
                    named.map(|(name, place)| Ok((name, view(place)?))).collect::<Result<_>>()?;
                let weights =
                    Model::new(context, views.iter().map(|(name, view)| (name.clone(), view)))?;
                Group::with_decay(clip, &model, &Decay::new(decay.rate, &weights))?
            }
        };
        Ok(Stage { group, memories })
    }

    fn model(&self, context: &Context) -> Result<(Vec<DeviceBuffer>, Model)> {
        let upload = |memory: &Vec<f32>| context.upload(memory, [memory.len()]);
        let memories: Vec<DeviceBuffer> =
            self.memories.iter().map(upload).collect::<Result<_>>()?;
        let view = |place: &Place| memories[place.memory].view(place.layout);
        let tensors: Vec<DeviceBuffer> = self.tensors.iter().map(view).collect::<Result<_>>()?;
        let model = Model::unnamed(context, &tensors)?;
        Ok((memories, model))
    }
}

impl Stage {
    /// What the memories hold now.
    pub fn memories(&self) -> Vec<Vec<f32>> {
        self.memories.iter().map(|memory| memory.read().expect("read")).collect()
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

//! A model whose gradients are clipped, and what must come out.

use normproj::{Context, DeviceBuffer, Group, Layout, Model};
use rayon::prelude::*;

use super::cases::{self, ClipCase, Place, uniform};
use crate::failure::{Failure, Result};

/// Of so many tensors one is read back, and of that so many elements.
const READ_BACK: usize = 7;
const MOST_READ: usize = 1 << 24;

/// The tensors of a model in their place, and the elements that they hold, one after the other.
pub struct Gradients {
    pub host: Vec<f32>,
    pub tensors: Vec<DeviceBuffer>,
    pub model: Model,
    /// Their norm, in f64.
    pub norm: f64,
}

impl Gradients {
    /// `most` elements, where the case does not say how many.
    pub fn new(context: &Context, case: &ClipCase, most: usize) -> Result<Self> {
        let sizes = sizes(case, most);
        let (host, mut rest) = (uniform(sizes.iter().sum()), 0);
        let tensors = tensors(&sizes, case.place, |elements| {
            rest += elements;
            Ok(context.upload(&host[rest - elements..rest], [elements])?)
        })?;
        let model = Model::unnamed(context, &tensors)?;
        let norm = host.par_iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        Ok(Gradients { host, tensors, model, norm })
    }

    /// Radii that clip nothing and everything, with the fraction that violates.
    pub fn radii(&self) -> [(f64, f64); 2] {
        [(0.0, 2.0 * self.norm), (1.0, 0.5 * self.norm)]
    }

    /// Refuses a clip with another norm than f64 has, or, if asked, other elements: of some tensors the
    /// first.
    pub fn verify(&self, clip: &Group, radius: f64, elements: bool) -> Result<()> {
        let off = |found: f64, expected: f64| (found - expected).abs() > 1e-5 * expected.abs();
        let (found, norm) = (f64::from(clip.norm()?.read()?[0]), self.norm);
        if off(found, norm) {
            return Err(Failure::new(format!("the norm is {found}, not {norm}")));
        }
        let factor = (radius / norm).min(1.0);
        let mut first = 0;
        for (index, tensor) in self.tensors.iter().filter(|_| elements).enumerate() {
            let expected = &self.host[first..];
            first += tensor.layout().len();
            // Reading all back would take longer than all else.
            if index % READ_BACK != 0 {
                continue;
            }
            let count = tensor.layout().len().min(MOST_READ);
            let found =
                tensor.view(Layout::strided([count], [1], tensor.layout().offset())?)?.read()?;
            let wrong = |(y, x): &(&f32, &f32)| off(f64::from(**y), factor * f64::from(**x));
            if let Some((y, x)) = found.par_iter().zip(&expected[..count]).find_any(wrong) {
                let expected = factor * f64::from(*x);
                return Err(Failure::new(format!("{x} became {y}, not {expected}")));
            }
        }
        Ok(())
    }
}

/// Of the tensors of a case: `most` elements, where it does not say how many.
pub fn sizes(case: &ClipCase, most: usize) -> Vec<usize> {
    let elements = case.elements.unwrap_or(most);
    match case.place {
        Place::One => vec![elements],
        Place::Arena | Place::Apart => cases::model(elements),
    }
}

/// Tensors in their place, in buffers of so many of the next elements.
pub fn tensors(
    sizes: &[usize],
    place: Place,
    mut buffer: impl FnMut(usize) -> Result<DeviceBuffer>,
) -> Result<Vec<DeviceBuffer>> {
    match place {
        Place::One | Place::Apart => sizes.iter().map(|&size| buffer(size)).collect(),
        Place::Arena => {
            let (all, mut first) = (buffer(sizes.iter().sum())?, 0);
            let view = |&size: &usize| {
                let part = Layout::strided([size], [1], first)?;
                first += size;
                Ok(all.view(part)?)
            };
            sizes.iter().map(view).collect()
        }
    }
}

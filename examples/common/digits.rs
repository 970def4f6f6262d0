//! Images of handwritten digits; tests/data/README.md says whose.

use ndarray::{Array2, Axis};
use rand::{rngs::StdRng, seq::SliceRandom};
use safetensors::SafeTensors;

use super::Result;

/// The pixels of an image.
pub const PIXELS: usize = 64;
/// The digits.
pub const CLASSES: usize = 10;

/// Images, a row of pixels from 0 to 1 each, and which digit each shows.
pub struct Digits {
    pub images: Array2<f64>,
    pub labels: Vec<usize>,
}

impl Digits {
    pub fn load() -> Result<Self> {
        let file = include_bytes!("../../tests/data/digits-images.safetensors");
        let tensors = SafeTensors::deserialize(file)?;
        let labels: Vec<usize> =
            tensors.tensor("labels")?.data().iter().copied().map(usize::from).collect();
        let pixels =
            tensors.tensor("images")?.data().iter().map(|&p| f64::from(p) / 16.0).collect();
        Ok(Digits { images: Array2::from_shape_vec((labels.len(), PIXELS), pixels)?, labels })
    }

    /// Shuffled and split: four fifths to train with, the rest to test.
    pub fn split(&self, rng: &mut StdRng) -> (Digits, Digits) {
        let order = self.shuffled(rng);
        let (train, test) = order.split_at(order.len() * 4 / 5);
        (self.pick(train), self.pick(test))
    }

    /// All images in a random order, in batches of one size; what is left over waits for the next
    /// epoch.
    pub fn batches(&self, size: usize, rng: &mut StdRng) -> Vec<Digits> {
        self.shuffled(rng).chunks_exact(size).map(|chosen| self.pick(chosen)).collect()
    }

    fn shuffled(&self, rng: &mut StdRng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(rng);
        order
    }

    fn pick(&self, chosen: &[usize]) -> Digits {
        let labels = chosen.iter().map(|&i| self.labels[i]).collect();
        Digits { images: self.images.select(Axis(0), chosen), labels }
    }
}

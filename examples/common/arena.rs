//! All tensors of a network in one buffer on the device, and in one vector on the host.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use normproj::{Context, DeviceBuffer, Layout, Model, Norm};

/// A tensor's name and shape.
pub type Spec = (&'static str, &'static [usize]);

/// Named tensors, one after another in one buffer: one read fetches them all.
pub struct Arena {
    memory: DeviceBuffer,
    pub model: Model,
}

impl Arena {
    pub fn new(context: &Context, specs: &[Spec]) -> normproj::Result<Self> {
        let memory = context.zeros([length(specs)])?;
        let mut views = Vec::new();
        for (i, (_, shape)) in specs.iter().enumerate() {
            let packed = Layout::contiguous(shape)?;
            let layout = Layout::strided(shape, packed.strides(), range(specs, i).start)?;
            views.push(memory.view(layout)?);
        }
        let names = specs.iter().map(|(name, _)| *name);
        let model = Model::new(context, names.zip(&views))?;
        Ok(Arena { memory, model })
    }

    /// The tensors of rank 2: axis 0 of a kernel `[in, out]` runs over the incoming weights of a unit.
    pub fn kernels(&self) -> impl Iterator<Item = &DeviceBuffer> {
        self.model.tensors().iter().filter(|tensor| tensor.shape().len() == 2)
    }

    /// The norm of the incoming weights of every unit, on the device; queued.
    pub fn unit_norms(&self) -> normproj::Result<DeviceBuffer> {
        let units = self.kernels().map(|kernel| kernel.shape()[1]).sum::<usize>();
        let norms = self.memory.context().zeros([units])?;
        let mut place = 0;
        for kernel in self.kernels() {
            let units = kernel.shape()[1];
            let view = norms.view(Layout::strided([units], [1], place)?)?;
            self.memory.context().norms(Norm::L2, 0, kernel, &view)?;
            place += units;
        }
        Ok(norms)
    }

    /// Waits for what was queued, and reads everything.
    pub fn read(&self) -> normproj::Result<Vec<f64>> {
        Ok(self.memory.read()?.into_iter().map(f64::from).collect())
    }

    /// Replaces everything; queued.
    pub fn write(&self, host: &[f64]) -> normproj::Result<()> {
        self.memory.write(&host.iter().map(|&x| x as f32).collect::<Vec<_>>())
    }
}

/// The largest of some norms; NaN if one is.
pub fn largest(norms: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
    norms.into_iter().fold(0.0, larger)
}

/// The elements of all tensors.
pub fn length(specs: &[Spec]) -> usize {
    specs.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

/// One tensor on the host as a matrix; a bias is one row.
pub fn matrix<'a>(specs: &[Spec], host: &'a [f64], tensor: usize) -> ArrayView2<'a, f64> {
    let (place, shape) = place(specs, tensor);
    ArrayView2::from_shape(shape, &host[place]).expect("the place has the length of the shape")
}

/// As [`matrix`].
pub fn matrix_mut<'a>(
    specs: &[Spec],
    host: &'a mut [f64],
    tensor: usize,
) -> ArrayViewMut2<'a, f64> {
    let (place, shape) = place(specs, tensor);
    ArrayViewMut2::from_shape(shape, &mut host[place])
        .expect("the place has the length of the shape")
}

fn place(specs: &[Spec], tensor: usize) -> (Range<usize>, (usize, usize)) {
    let place = range(specs, tensor);
    let columns = specs[tensor].1.last().copied().unwrap_or(1);
    let rows = place.len() / columns;
    (place, (rows, columns))
}

/// Where a tensor is among the elements of all.
pub fn range(specs: &[Spec], tensor: usize) -> Range<usize> {
    length(&specs[..tensor])..length(&specs[..=tensor])
}

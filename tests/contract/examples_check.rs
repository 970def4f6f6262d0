//! A clip of the examples of a batch, carried out and judged.

use normproj::reference::{self, Elements};
use normproj::{Clip, Context, DType, Error, Examples, GroupReport, Layout};

use crate::clip_bounds::{Bounds, Place as Where};
use crate::clip_compare::Judge;
use crate::clip_element::Element;
use crate::clip_memory::Memory;
use crate::clip_report::{numbers, unit};
use crate::clip_scene::Scene;
use crate::values::{Value, least_normal};

/// Gradients `[batch, …]`, and the places of their sums.
#[derive(Debug, Clone)]
pub struct Batch {
    pub examples: usize,
    pub gradients: Scene,
    pub sums: Scene,
}

/// What was found and left.
#[derive(Debug, Clone)]
pub struct Found {
    pub gradients: Vec<Memory>,
    pub sums: Scene,
    pub norms: Vec<f64>,
    pub scales: Vec<f64>,
    pub flags: Vec<f64>,
    pub report: GroupReport,
    pub additions: u32,
}

impl Batch {
    /// Tensors of these values, each in a memory of its own.
    pub fn of<T: Value>(examples: usize, tensors: &[&[T]]) -> Batch {
        let mut batch = Batch { examples, gradients: Scene::empty(), sums: Scene::empty() };
        for tensor in tensors {
            batch = batch.and(tensor);
        }
        batch
    }

    pub fn and<T: Value>(mut self, tensor: &[T]) -> Batch {
        let width = tensor.len() / self.examples.max(1);
        let scene = self.gradients.and(tensor);
        let layout = Layout::contiguous([self.examples, width]).expect("two axes");
        self.gradients = scene;
        self.gradients.tensors.last_mut().expect("it was added").layout = layout;
        self.sums = self.sums.and(&vec![T::of(9.0); width]);
        self
    }

    pub fn stage(&self, context: &Context, clip: Clip) -> normproj::Result<Staged> {
        let (memories, gradients) = self.gradients.model(context)?;
        let (sum_memories, sums) = self.sums.model(context)?;
        let clip = Examples::new(clip, &gradients, &sums)?;
        Ok(Staged { clip, memories, sum_memories })
    }

    /// The tensors of each example.
    fn rows(&self) -> Vec<Vec<Elements>> {
        let tensors = self.gradients.elements();
        let row = |example: usize, tensor: &Elements| {
            let width = tensor.values.len() / self.examples;
            let values = tensor.values[example * width..(example + 1) * width].to_vec();
            Elements { dtype: tensor.dtype, values }
        };
        (0..self.examples).map(|i| tensors.iter().map(|tensor| row(i, tensor)).collect()).collect()
    }
}

pub struct Staged {
    pub clip: Examples,
    memories: Vec<normproj::DeviceBuffer>,
    sum_memories: Vec<normproj::DeviceBuffer>,
}

impl Staged {
    pub fn run(&self, batch: &Batch) -> Found {
        let report = self.clip.run().and_then(|pending| pending.wait()).expect("it runs");
        let read = |part: normproj::Result<normproj::DeviceBuffer>| {
            let part = part.expect("a part of the results");
            assert_eq!(part.dtype(), batch.gradients.dtype());
            numbers(&part)
        };
        let memories = self.sum_memories.iter().map(Memory::read).collect();
        Found {
            gradients: self.memories.iter().map(Memory::read).collect(),
            sums: Scene { memories, ..batch.sums.clone() },
            norms: read(self.clip.norms()),
            scales: read(self.clip.scales()),
            flags: read(self.clip.non_finite()),
            report,
            additions: self.clip.additions(),
        }
    }
}

/// What is wrong, in words.
pub fn check(judge: &Judge, batch: &Batch, found: &Found) -> Result<Counts, String> {
    let rows = batch.rows();
    let global = Judge { clip: judge.clip, ..*judge };
    let exact = reference::examples(&judge.clip, &rows).map_err(|error| error.to_string())?;
    if found.gradients != batch.gradients.memories {
        return Err("a gradient changed".to_string());
    }
    neighbours(batch, found)?;
    let bounds = Bounds::new(&global, &batch.sums, &(0..batch.sums.tensors.len()));
    let mut counts = Counts::default();
    if found.norms.len() != rows.len() || found.report.tensors().len() != rows.len() {
        return Err(format!("{} norms of {} examples", found.norms.len(), rows.len()));
    }
    for (i, (row, (_, verdict))) in rows.iter().zip(found.report.tensors()).enumerate() {
        let x: Vec<f64> = row.iter().flat_map(|tensor| tensor.values.clone()).collect();
        let finite = x.iter().all(|x| x.is_finite());
        let place = if finite { bounds.place(&x, &[]) } else { Where::Inside };
        counts.bad += usize::from(!finite);
        match place {
            Where::Outside => counts.outside += 1,
            Where::Rim { .. } => counts.rim += 1,
            Where::Inside => (),
        }
        if (found.flags[i] == 1.0) == finite || verdict.is_finite() != finite {
            return Err(format!("example {i}: flag {}, {verdict:?}", found.flags[i]));
        }
        let native = bounds.sigma() < bounds.unit();
        let room = bounds.sigma() + if native { 1e-12 } else { 4.0 * bounds.unit() };
        let near = |found: f64, exact: f64, room: f64| {
            found == exact
                || (found - exact).abs() <= room * exact.abs() + bounds.tiny(x.len())
                || found.is_nan() && exact.is_nan()
                || exact.is_infinite() && found >= f64::from(f32::MAX)
        };
        let norm = exact.norms[i];
        if !near(verdict.norm, norm, room) {
            return Err(format!("example {i}: norm {:e}, not {norm:e}", verdict.norm));
        }
        let stored = found.norms[i];
        let dtype = batch.gradients.dtype();
        let beyond = stored.is_infinite() && norm > dtype.largest() * (1.0 - 1e-3);
        if !beyond && !near(stored, norm, room + 2.0 * unit(dtype)) {
            return Err(format!("example {i}: stored norm {stored:e}, not {norm:e}"));
        }
        let relative = bounds.relative() + bounds.lowered() + 4.0 * unit(dtype).max(bounds.unit());
        for scale in [verdict.scale, found.scales[i]] {
            let scaled =
                (scale - exact.scales[i]).abs() <= relative * exact.scales[i] + least_normal(dtype);
            let zeros = x.iter().all(|x| x.abs() < least_normal(DType::F32));
            let right = match place {
                _ if zeros => (0.0..=1.0).contains(&scale),
                Where::Inside => scale == 1.0,
                Where::Rim { .. } => scaled || scale == 1.0,
                Where::Outside => scaled,
            };
            if !right {
                return Err(format!("example {i}: factor {scale:e}, not {:e}", exact.scales[i]));
            }
        }
    }
    let told = (found.report.scaled(), found.report.non_finite());
    if !(counts.outside..=counts.outside + counts.rim).contains(&told.0) || told.1 != counts.bad {
        return Err(format!("{told:?} clipped and not finite: {counts:?}"));
    }
    sums(&bounds, batch, found, &exact)?;
    Ok(counts)
}

/// What the norms say of the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub outside: usize,
    pub rim: usize,
    pub bad: usize,
}

fn sums(
    bounds: &Bounds,
    batch: &Batch,
    found: &Found,
    exact: &reference::Summed,
) -> Result<(), String> {
    let lengths = batch.sums.tensors.iter().map(|tensor| tensor.layout.len());
    let zeros: Vec<Vec<f64>> = lengths.map(|length| vec![0.0; length]).collect();
    // Without examples the oracle knows of no tensor.
    let empty = batch.examples == 0;
    let (exact, magnitudes) =
        if empty { (&zeros, &zeros) } else { (&exact.sums, &exact.magnitudes) };
    let additions = f64::from(found.additions + 2) * bounds.unit();
    for (number, (place, bits)) in batch.sums.tensors.iter().zip(found.sums.bits()).enumerate() {
        for (i, (bits, y)) in bits.into_iter().enumerate() {
            let (exact, magnitude) = (exact[number][i], magnitudes[number][i]);
            let cut = bounds.cuts();
            let element = Element {
                dtype: place.dtype,
                cut,
                raw: 0,
                x: exact,
                bits,
                y,
                exact,
                decays: false,
                slack: 0.0,
            };
            // What is kept between c and T is not scaled to c.
            let room = bounds.relative() + bounds.lowered() + additions + bounds.room();
            let tiny = (batch.examples + 1) as f64 * element.least_normal();
            let error = element.most(room * magnitude + tiny);
            let beyond = y.is_infinite() && exact.abs() + error > place.dtype.largest();
            // So may be a part of the sum, before another takes it back.
            let sums = if place.dtype == DType::F64 { DType::F64 } else { DType::F32 };
            let part_beyond = !y.is_finite() && magnitude > sums.largest();
            let right = (y - exact).abs() <= error
                || y == element.narrowed(exact)
                || beyond
                || part_beyond
                || y.is_nan() && exact.is_nan();
            if !right {
                return Err(format!("sum {number}, {i}: {element}"));
            }
        }
    }
    Ok(())
}

/// What lies between the sums.
fn neighbours(batch: &Batch, found: &Found) -> Result<(), String> {
    for (number, memory) in batch.sums.memories.iter().enumerate() {
        let mut written = vec![false; memory.bytes().len()];
        for tensor in batch.sums.tensors.iter().filter(|tensor| tensor.memory == number) {
            let size = tensor.dtype.size();
            for at in reference::places(&tensor.layout) {
                written[size * at..size * (at + 1)].fill(true);
            }
        }
        let bytes = memory.bytes().iter().zip(found.sums.memories[number].bytes());
        if let Some(at) = bytes.zip(written).position(|((was, is), written)| !written && was != is)
        {
            return Err(format!("byte {at} of memory {number} between the sums changed"));
        }
    }
    Ok(())
}

/// Clips a batch on a context, twice, and panics if a promise is broken.
pub fn prove(context: &Context, clip: Clip, batch: &Batch) -> Counts {
    let place = || format!("{clip} of {} examples on {}", batch.examples, context.describe());
    let staged = batch.stage(context, clip);
    if !batch.gradients.served_by(context) {
        let refused = staged.map(|_| ());
        assert!(matches!(refused, Err(Error::Unsupported { .. })), "{refused:?}");
        return Counts::default();
    }
    let staged = staged.unwrap_or_else(|error| panic!("{error}: {}", place()));
    let found = staged.run(batch);
    let mut judge = Judge::of(staged.clip.plan(), true);
    judge.clip = clip;
    let counts =
        check(&judge, batch, &found).unwrap_or_else(|wrong| panic!("{wrong}: {}", place()));
    let again = staged.run(batch);
    assert_eq!(again.sums.memories, found.sums.memories, "{}", place());
    counts
}

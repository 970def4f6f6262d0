//! Shapes that reach every walk and every tail, and data that reaches every edge.

use normproj::plan::request::Request;
use normproj::{Axes, Layout, Norm, Projection, Result, Rounding, reference};

use crate::slices;

/// A radius that f32 holds.
const ORDINARY: f64 = 1.5;

/// A view and the axes of its slices.
pub struct Case {
    pub name: &'static str,
    pub layout: Layout,
    pub axes: Axes,
    /// The numbers of the elements of each slice.
    pub slices: Vec<Vec<usize>>,
    /// Where each element lies in memory.
    pub places: Vec<usize>,
    /// Elements of the memory that the view is part of.
    memory: usize,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    InPlace,
    Into,
    Nearest,
    Norms,
}

impl Form {
    pub const ALL: [Form; 4] = [Form::InPlace, Form::Into, Form::Nearest, Form::Norms];

    pub fn name(self) -> &'static str {
        match self {
            Form::InPlace => "in place",
            Form::Into => "into",
            Form::Nearest => "nearest",
            Form::Norms => "norms",
        }
    }

    /// Radii to try; 0 and infinity once.
    pub fn radii(self) -> &'static [f64] {
        match self {
            Form::InPlace => &[ORDINARY, 0.1, 0.0, f64::INFINITY],
            _ => &[ORDINARY],
        }
    }

    pub fn request(self, case: &Case, radius: f64) -> Result<Request> {
        let projection = self.projection(case, radius);
        Ok(match self {
            Form::InPlace | Form::Nearest => {
                Request::in_place(projection, case.layout).with_report()
            }
            Form::Into => Request::into(projection, case.layout, case.layout).with_report(),
            Form::Norms => slices::norms(Norm::L2, case.axes, case.layout)?,
        })
    }

    /// The projection; for norms, one that no slice is outside of.
    pub fn projection(self, case: &Case, radius: f64) -> Projection {
        match self {
            Form::InPlace | Form::Into => Projection::max_norm(radius, case.axes),
            Form::Nearest => Projection::max_norm(radius, case.axes).rounding(Rounding::Nearest),
            Form::Norms => Projection::max_norm(f64::INFINITY, case.axes),
        }
    }
}

/// The cases.
pub fn all() -> Result<Vec<Case>> {
    let whole = |name, shape: &[usize], axes| Case::new(name, Layout::contiguous(shape)?, axes, 0);
    // Some memory beyond the last element, to see that it stays as it is.
    let part = |name, layout, axes| Case::new(name, layout, axes, 13);
    [
        whole("short rows", &[503, 7], Axes::from(1)),
        whole("rows", &[32, 1024], Axes::from(1)),
        whole("long rows", &[2, 8209], Axes::from(1)),
        whole("filters", &[24, 5, 3, 3], Axes::from([1, 2, 3])),
        whole("columns", &[97, 260], Axes::from(0)),
        whole("few columns", &[1031, 3], Axes::from(0)),
        whole("batch of columns", &[5, 37, 64], Axes::from(1)),
        whole("convolution", &[3, 3, 16, 33], Axes::from([0, 1, 2])),
        whole("primes, columns", &[127, 131], Axes::from(0)),
        whole("primes, rows", &[127, 131], Axes::from(1)),
        whole("rank 5", &[4, 3, 5, 7, 6], Axes::from([0, 2, 4])),
        whole("rank 5, inner kept", &[4, 3, 5, 7, 6], Axes::from([1, 3])),
        whole("one slice", &[61, 53], Axes::all()),
        whole("each element", &[257], Axes::each()),
        whole("scalar", &[], Axes::all()),
        whole("no slice", &[5, 0], Axes::from(0)),
        whole("empty slices", &[0, 5], Axes::from(0)),
        part("offset rows", Layout::strided([31, 29], [40, 1], 3)?, Axes::from(1)),
        part("offset columns", Layout::strided([31, 29], [40, 1], 3)?, Axes::from(0)),
        part("every third", Layout::strided([17, 19], [60, 3], 1)?, Axes::from(1)),
        part("transposed", Layout::contiguous([43, 59])?.permuted(&[1, 0])?, Axes::from(0)),
    ]
    .into_iter()
    .collect()
}

/// The kinds of slices, by how their elements are made.
const KINDS: usize = 8;

impl Case {
    fn new(name: &'static str, layout: Layout, axes: Axes, beyond: usize) -> Result<Case> {
        let slices = reference::slices(axes, layout.shape())?;
        let places = reference::places(&layout);
        Ok(Case { name, layout, axes, slices, places, memory: layout.end() + beyond })
    }

    /// Contents of the memory in which slices of every kind occur; several if there are few slices.
    pub fn data(&self, radius: f64) -> impl Iterator<Item = Vec<f32>> {
        // The radius that is everybody's meets every kind; the others are there for the edges.
        let all = self.slices.len() < 2 * KINDS && radius == ORDINARY;
        let sets = if all { KINDS } else { 1 };
        (0..sets).map(move |set| {
            let mut random = Random(set as u64 + 1);
            let mut memory: Vec<f32> = (0..self.memory).map(|_| random.next()).collect();
            for (index, slice) in self.slices.iter().enumerate() {
                let values = slice_of_kind((index + set) % KINDS, slice.len(), radius, &mut random);
                slice.iter().zip(values).for_each(|(&i, value)| memory[self.places[i]] = value);
            }
            memory
        })
    }
}

fn slice_of_kind(kind: usize, length: usize, radius: f64, random: &mut Random) -> Vec<f32> {
    let mut values: Vec<f32> = (0..length).map(|_| random.next()).collect();
    // Any radius of 0 or infinity has all slices on one side; sizes then do not matter.
    let radius = if radius.is_normal() { radius } else { 1.0 };
    let norm = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let scaled = |to: f64| move |x: &mut f32| *x = (f64::from(*x) / norm * to * radius) as f32;
    let last = length.saturating_sub(1);
    match kind {
        0 => values.iter_mut().for_each(scaled(0.5)),
        1 => values.iter_mut().for_each(scaled(3.0)),
        // On the rim, within rounding.
        2 => values.iter_mut().for_each(scaled(1.0)),
        3 => values.iter_mut().for_each(|x| *x *= 0.0),
        // Squares beyond f32; elements below its normal numbers.
        4 => values.iter_mut().for_each(|x| *x *= 1e38),
        5 => values.iter_mut().for_each(|x| *x *= 1e-42),
        6 => values[last..].fill(f32::from_bits(0xffc0_1234)),
        _ => values[..length.min(1)].fill(f32::NEG_INFINITY),
    }
    values
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    /// Uniform in [-1, 1).
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

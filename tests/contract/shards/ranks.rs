//! Ranks in one process: what an all-gather would bring is handed over as bytes.

use std::slice::from_ref;

use normproj::{Axes, Context, DeviceBuffer, Layout, Projection, Request, Shard, Statistics};

use crate::values::Value;

/// A matrix on the host.
#[derive(Debug, Clone)]
pub struct Matrix<T> {
    pub elements: Vec<T>,
    pub shape: [usize; 2],
}

/// Where a matrix is cut: sizes along an axis, which add up.
#[derive(Debug, Clone)]
pub struct Cut {
    pub axis: usize,
    pub sizes: Vec<usize>,
}

/// What ranks left behind, joined.
#[derive(Debug, Clone)]
pub struct Outcome<T> {
    pub matrix: Matrix<T>,
    /// The largest δ and κ of any rank.
    pub delta: f64,
    pub kappa: f64,
}

impl<T: Value> Matrix<T> {
    pub fn layout(&self) -> Layout {
        Layout::contiguous(self.shape).expect("small")
    }

    /// Row-major numbers of the elements of each part.
    fn places(&self, cut: &Cut) -> Vec<(Vec<usize>, [usize; 2])> {
        let mut first = 0;
        let part = |&size: &usize| {
            let mut shape = self.shape;
            shape[cut.axis] = size;
            let (row, column) = if cut.axis == 0 { (first, 0) } else { (0, first) };
            first += size;
            let rows = row..row + shape[0];
            let place = |r| (column..column + shape[1]).map(move |c| r * self.shape[1] + c);
            (rows.flat_map(place).collect(), shape)
        };
        cut.sizes.iter().map(part).collect()
    }

    /// The parts of a cut, in device memory.
    pub fn parts(&self, context: &Context, cut: &Cut) -> Vec<DeviceBuffer> {
        assert_eq!(cut.sizes.iter().sum::<usize>(), self.shape[cut.axis], "{cut:?}");
        let upload = |(places, shape): (Vec<usize>, [usize; 2])| {
            let elements: Vec<T> = places.iter().map(|&i| self.elements[i]).collect();
            context.upload_as(&elements, shape).expect("upload")
        };
        self.places(cut).into_iter().map(upload).collect()
    }

    /// The matrix that the parts make up now.
    pub fn joined(&self, parts: &[DeviceBuffer], cut: &Cut) -> Matrix<T> {
        let mut joined = self.clone();
        for ((places, _), part) in self.places(cut).iter().zip(parts) {
            let elements = part.read_as::<T>().expect("read");
            places.iter().zip(elements).for_each(|(&i, y)| joined.elements[i] = y);
        }
        joined
    }
}

impl<T: Value> Outcome<T> {
    pub fn bits(&self) -> Vec<u64> {
        self.matrix.elements.iter().map(|y| y.bits()).collect()
    }
}

/// The statistics of all parts, in the order of ranks.
pub fn merged<'a>(none: Statistics, parts: impl IntoIterator<Item = &'a Statistics>) -> Statistics {
    parts.into_iter().fold(none, |mut whole, part| {
        // As a transport would bring them.
        let part = Statistics::from_bytes(&part.to_bytes()).expect("they were statistics");
        whole.merge(&part).expect("they are of the same slices");
        whole
    })
}

/// Whether ranks of a cut share their slices.
pub fn shares(axes: Axes, cut: &Cut) -> bool {
    axes.resolve(&[1, 1]).expect("a matrix has these axes")[cut.axis]
}

/// Projects the parts of a matrix as ranks would.
pub fn run<T: Value>(
    context: &Context,
    projection: Projection,
    matrix: &Matrix<T>,
    cut: &Cut,
) -> Outcome<T> {
    let parts = matrix.parts(context, cut);
    let shard = |part| Shard::new(projection, part).expect("valid");
    let shards: Vec<Shard> = parts.iter().map(shard).collect();
    let measure = |shard: &Shard| shard.statistics().expect("measured");
    let local: Vec<Statistics> = shards.iter().map(measure).collect();
    let mut outcome = Outcome { matrix: matrix.clone(), delta: 0.0, kappa: 0.0 };
    for ((shard, own), part) in shards.iter().zip(&local).zip(&parts) {
        let gathered = if shares(projection.axes(), cut) { &local[..] } else { from_ref(own) };
        let whole = merged(shard.none(), gathered);
        shard.apply(own, &whole).expect("applied");
        outcome.delta = outcome.delta.max(whole.error());
        outcome.kappa = outcome.kappa.max(kappa(context, projection, part, own.slices()));
    }
    outcome.matrix = matrix.joined(&parts, cut);
    outcome
}

fn kappa(context: &Context, projection: Projection, part: &DeviceBuffer, slices: usize) -> f64 {
    let radii = Layout::contiguous([slices]).expect("small");
    let request = Request::in_place(projection, *part.layout()).of(part.dtype()).with_radii(radii);
    context.plan(&request).expect("valid").margin().of(projection.norm()).kappa
}

//! A random request: shape, axes, views inside larger memories, values and radius.

use normproj::{
    Axes, DType, Layout, Norm, OnNonFinite, Projection, Rounding, WeightLayout, reference,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{Fill, Value, hash, neighbour, non_finite};

/// A request and the memory that it meets.
#[derive(Debug, Clone)]
pub struct Case {
    pub shape: Vec<usize>,
    pub axes: Axes,
    pub source: View,
    pub target: View,
    pub fill: Fill,
    /// About one element in this many is a NaN or an infinity; 0 for none.
    pub poison: usize,
    pub radius: Radius,
    pub rounding: Rounding,
    pub policy: OnNonFinite,
    pub seed: u64,
}

/// How a tensor lies in its memory.
#[derive(Debug, Clone)]
pub struct View {
    /// The axes from the outermost in memory to the innermost.
    order: Vec<usize>,
    /// Elements left out at each axis, innermost first.
    gaps: Vec<usize>,
    offset: usize,
    tail: usize,
}

/// Where the radius is taken from.
#[derive(Debug, Clone, Copy)]
pub enum Radius {
    Given(f64),
    /// The norm of some slice, this many ulp away.
    Near(i32),
}

impl View {
    pub fn layout(&self, shape: &[usize]) -> Layout {
        let mut strides = vec![1; shape.len()];
        let mut reach = 0;
        let inward = self.order.iter().rev().filter(|&&axis| axis < shape.len());
        for (&axis, gap) in inward.zip(&self.gaps) {
            strides[axis] = reach + 1 + gap;
            reach += shape[axis].saturating_sub(1) * strides[axis];
        }
        Layout::strided(shape, strides, self.offset).expect("strides grow past what they enclose")
    }

    /// The whole memory: a view of `value(i)` amid arbitrary bits.
    pub fn memory<T: Value>(
        &self,
        shape: &[usize],
        seed: u64,
        value: impl Fn(usize) -> T,
    ) -> Vec<T> {
        let layout = self.layout(shape);
        let size = layout.end().max(layout.offset()) + self.tail;
        let mut memory: Vec<T> = (0..size).map(|place| neighbour(seed, place)).collect();
        let places = reference::places(&layout);
        places.into_iter().enumerate().for_each(|(i, place)| memory[place] = value(i));
        memory
    }
}

impl Case {
    /// The memory that holds the source.
    pub fn memory<T: Value>(&self) -> Vec<T> {
        self.source.memory(&self.shape, self.seed, |i| {
            let bits = hash(self.seed ^ 0x5eed, i);
            match self.poison {
                0 => self.fill.value(self.seed, i),
                rarity if bits.is_multiple_of(rarity as u64) => non_finite(bits),
                _ => self.fill.value(self.seed, i),
            }
        })
    }

    pub fn projection<T: Value>(&self, memory: &[T]) -> Projection {
        Projection::max_norm(self.radius(memory), self.axes)
            .rounding(self.rounding)
            .on_non_finite(self.policy)
    }

    pub fn radius<T: Value>(&self, memory: &[T]) -> f64 {
        match self.radius {
            Radius::Given(radius) => radius,
            Radius::Near(ulps) => self.near_a_norm(memory, ulps),
        }
    }

    fn near_a_norm<T: Value>(&self, memory: &[T], ulps: i32) -> f64 {
        let layout = self.source.layout(&self.shape);
        let norms = reference::norms(Norm::L2, self.axes, memory, &layout).expect("a valid case");
        let finite: Vec<f64> = norms.into_iter().filter(|n| n.is_finite() && *n > 0.0).collect();
        let Some(norm) = finite.get(hash(self.seed, 0) as usize % finite.len().max(1)) else {
            return 1.0;
        };
        if T::DTYPE == DType::F64 {
            return f64::from_bits(norm.to_bits().saturating_add_signed(ulps.into()));
        }
        // Norms may lie above f32: step in units of the 24 bits that a radius keeps.
        let ulp = 2f64.powi(norm.log2().floor().max(-126.0) as i32 - 23);
        ((norm / ulp).round() + f64::from(ulps)).max(0.0) * ulp
    }
}

/// Every kind of case.
pub fn cases() -> impl Strategy<Value = Case> {
    let rank = prop_oneof![3 => 0..=3usize, 2 => 4..=8usize];
    let sizes = rank.prop_flat_map(|rank| proptest::collection::vec(size(), rank));
    let shape = (sizes, select(vec![64usize, 4096, 40_000])).prop_map(|(sizes, limit)| {
        let mut count = 1;
        let fit = |size: usize| {
            let size = size.min(limit / count);
            count *= size.max(1);
            size
        };
        sizes.into_iter().map(fit).collect::<Vec<usize>>()
    });
    let axes = (0..8u8, any::<u8>(), any::<u8>());
    let poison = prop_oneof![4 => Just(0usize), 1 => Just(5), 1 => Just(300)];
    let rounding = prop_oneof![
        4 => Just(Rounding::Feasible),
        1 => Just(Rounding::Nearest),
        1 => Just(Rounding::TowardZero),
    ];
    let fill = prop_oneof![3 => Just(Fill::Normal), 4 => select(Fill::ALL.to_vec())];
    let policy = select(OnNonFinite::ALL.to_vec());
    let values = (fill, poison, radius(), rounding, policy, any::<u64>().no_shrink());
    (shape, axes, view(), view(), values).prop_map(
        |(shape, (kind, named, negative), source, target, values)| {
            let (fill, poison, radius, rounding, policy, seed) = values;
            let axes = axes_of(shape.len(), kind, named, negative);
            Case { shape, axes, source, target, fill, poison, radius, rounding, policy, seed }
        },
    )
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        1 => Just(0usize),
        6 => Just(1),
        24 => 2..=9usize,
        12 => select(vec![16, 31, 32, 64, 127, 128, 257]),
        4 => select(vec![1000, 1021, 4096, 5003]),
    ]
}

fn view() -> impl Strategy<Value = View> {
    let order = prop_oneof![
        2 => Just((0..8usize).collect::<Vec<_>>()),
        1 => Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
    ];
    let gaps = prop_oneof![
        2 => Just(vec![0usize; 8]),
        1 => proptest::collection::vec(prop_oneof![3 => Just(0usize), 1 => 1..=4usize], 8),
    ];
    let offset = prop_oneof![2 => Just(0usize), 1 => Just(64), 2 => 1..=9usize];
    (order, gaps, offset, 0..6usize).prop_map(|(order, gaps, offset, tail)| View {
        order,
        gaps,
        offset,
        tail,
    })
}

pub fn radius() -> impl Strategy<Value = Radius> {
    let tiny = f64::from(f32::from_bits(1));
    let given = vec![0.0, -0.0, tiny, 1e-42, 2f64.powi(-126), 1e-30, 0.1, 3.0, 1e30, 3.4e38, 1e39];
    prop_oneof![
        4 => select(given).prop_map(Radius::Given),
        1 => Just(Radius::Given(f64::INFINITY)),
        4 => (0.01..20.0f64).prop_map(Radius::Given),
        5 => (-2..=2i32).prop_map(Radius::Near),
    ]
}

/// Axes of a tensor of this rank: those named by bits, some of them counted from the back.
fn axes_of(rank: usize, kind: u8, named: u8, negative: u8) -> Axes {
    let from_back =
        |d: &usize| if negative >> d & 1 == 1 { *d as i32 - rank as i32 } else { *d as i32 };
    let mut list: Vec<i32> =
        (0..rank).filter(|d| named >> d & 1 == 1).map(|d| from_back(&d)).collect();
    if negative & 1 == 1 {
        list.reverse();
    }
    match kind {
        0 => Axes::all(),
        1 => Axes::each(),
        2 if rank >= 2 => {
            let layouts = [WeightLayout::Keras, WeightLayout::Torch, WeightLayout::Burn];
            Axes::per_unit(layouts[usize::from(named) % 3])
        }
        3 => Axes::keep(list.as_slice()),
        _ => Axes::from(list.as_slice()),
    }
}

//! Random tables and indices with fresh seeds, of every dtype.

use normproj::{Axes, Compat, DType, Layout, Norm, OnNonFinite, Projection, ZeroSlice};
use proptest::prelude::*;
use proptest::sample::select;

use super::Scene;
use crate::contexts::contexts_for;
use crate::properties::config;
use crate::run::serves;
use crate::values::{Fill, Value, for_dtype, hash, neighbour, non_finite};

#[derive(Debug, Clone)]
struct Table {
    shape: Vec<usize>,
    /// Elements between rows, and before the table.
    gap: usize,
    offset: usize,
    /// Whether rows are the innermost axis in memory.
    transposed: bool,
    fill: Fill,
    poison: usize,
    seed: u64,
}

impl Table {
    fn layout(&self) -> Layout {
        let mut strides = vec![1; self.shape.len()];
        let mut reach = 1;
        if self.transposed {
            reach = self.shape[0].max(1);
        }
        for d in (1..self.shape.len()).rev() {
            strides[d] = reach;
            reach *= self.shape[d].max(1);
        }
        strides[0] = if self.transposed { 1 } else { reach + self.gap };
        Layout::strided(&self.shape, strides, self.offset).expect("it does not overlap itself")
    }

    fn memory<T: Value>(&self, layout: &Layout) -> Vec<T> {
        let size = layout.end().max(layout.offset()) + 3;
        let value = |place: usize| {
            let bits = hash(self.seed ^ 0x5eed, place);
            match self.poison {
                0 => self.fill.value(self.seed, place),
                rarity if bits.is_multiple_of(rarity as u64) => non_finite(bits),
                _ => self.fill.value(self.seed, place),
            }
        };
        let mut memory: Vec<T> = (0..size).map(|place| neighbour(self.seed, place)).collect();
        normproj::reference::places(layout)
            .into_iter()
            .for_each(|place| memory[place] = value(place));
        memory
    }
}

fn tables() -> impl Strategy<Value = Table> {
    let rows = prop_oneof![1 => Just(1usize), 6 => 2..=40usize, 1 => 200..=300usize];
    let width = prop_oneof![
        1 => Just(vec![]),
        1 => Just(vec![1usize]),
        4 => (2..=70usize).prop_map(|width| vec![width]),
        2 => (1..=16usize).prop_map(|width| vec![4 * width]),
        1 => Just(vec![3001]),
        1 => (2..=9usize, 2..=9usize).prop_map(|(a, b)| vec![a, b]),
        1 => Just(vec![0]),
    ];
    let place =
        (0..3usize, select(vec![0usize, 4, 64, 3]), prop_oneof![4 => Just(false), 1 => Just(true)]);
    let poison = prop_oneof![4 => Just(0usize), 1 => Just(60)];
    (rows, width, place, select(Fill::ALL.to_vec()), poison, any::<u64>().no_shrink()).prop_map(
        |(rows, width, (gap, offset, transposed), fill, poison, seed)| Table {
            shape: [vec![rows], width].concat(),
            gap: 4 * gap + if offset == 3 { gap } else { 0 },
            offset,
            transposed,
            fill,
            poison,
            seed,
        },
    )
}

fn projections() -> impl Strategy<Value = Projection> {
    let axes = Axes::keep(0);
    let lp = Norm::lp(3.0).expect("in range");
    let sets = vec![
        Projection::max_norm(1.0, axes),
        Projection::max_norm(3.0, axes).norm_in(Norm::L1),
        Projection::max_norm(0.7, axes).norm_in(Norm::Linf),
        Projection::max_norm(1.0, axes).norm_in(lp),
        Projection::max_norm(1.0, axes).compat(Compat::Torch),
        Projection::max_norm(0.0, axes),
        Projection::unit_norm(axes),
        Projection::unit_norm(axes).zero_slices(ZeroSlice::BasisVector),
        Projection::min_max_norm(0.5, 2.0, axes),
        Projection::ball(Norm::L1, 1.0, axes),
        Projection::ball(Norm::Linf, 0.5, axes),
        Projection::simplex(1.0, axes),
    ];
    let policies =
        prop_oneof![3 => Just(OnNonFinite::Leave), 1 => select(OnNonFinite::ALL.to_vec())];
    (select(sets), policies).prop_map(|(set, policy)| set.on_non_finite(policy))
}

fn indices(rows: usize, count: usize, seed: u64) -> Vec<u32> {
    let one = |i: usize| {
        let bits = hash(seed, i);
        match bits % 11 {
            0 => rows as u32,
            1 => (-1i32) as u32,
            2 => i32::MIN as u32 + (bits >> 40) as u32,
            // Few rows, again and again.
            3..=6 => (bits >> 32) as u32 % (rows as u32).min(3),
            _ => (bits >> 32) as u32 % rows as u32,
        }
    };
    (0..count).map(one).collect()
}

fn judged<T: Value>(table: &Table, projection: Projection, count: usize) {
    let layout = table.layout();
    let memory: Vec<T> = table.memory(&layout);
    let indices = indices(table.shape[0], count, table.seed);
    let scene = Scene { projection, table: layout, memory: &memory, indices: &indices };
    for context in contexts_for(table.seed).filter(|context| serves(context, T::DTYPE)) {
        scene.prove(context, table.seed);
    }
}

fn dtypes() -> impl Strategy<Value = DType> {
    prop_oneof![
        4 => Just(DType::F32),
        2 => Just(DType::F16),
        1 => Just(DType::BF16),
        1 => Just(DType::F64),
    ]
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn rows_that_are_named_keep_their_promise_and_others_their_bits(
        table in tables(),
        projection in projections(),
        dtype in dtypes(),
        count in prop_oneof![1 => Just(0usize), 4 => 1..=30usize, 2 => 100..=400usize],
    ) {
        for_dtype!(dtype, T => judged::<T>(&table, projection, count));
    }
}

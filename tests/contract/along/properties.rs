//! Random requests with fresh seeds, of every dtype.

use normproj::{Axes, DType, Layout, Projection, Request, reference};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Tensor, prove};
use crate::case::{Case, cases};
use crate::contexts::contexts_for;
use crate::properties::config;
use crate::run::serves;
use crate::values::{Fill, Value, for_dtype, hash};

/// Which direction a case meets.
#[derive(Debug, Clone, Copy)]
struct Along {
    fill: Fill,
    /// Which kept axes share it.
    shared: u8,
    /// About one element in so many is a NaN; 0 for none.
    poison: usize,
}

fn along() -> impl Strategy<Value = Along> {
    let fill = prop_oneof![3 => Just(Fill::Normal), 2 => select(Fill::ALL.to_vec())];
    let shared = prop_oneof![2 => Just(0u8), 1 => Just(255u8), 1 => any::<u8>()];
    let poison = prop_oneof![6 => Just(0usize), 1 => Just(300)];
    (fill, shared, poison).prop_map(|(fill, shared, poison)| Along { fill, shared, poison })
}

/// The shape of a direction: kept axes may have length 1.
fn shape(shape: &[usize], axes: Axes, shared: u8) -> Vec<usize> {
    let reduced = axes.resolve(shape).expect("a valid case");
    let one = |d: usize| if !reduced[d] && shared >> d & 1 == 1 { 1 } else { shape[d] };
    (0..shape.len()).map(one).collect()
}

/// An offset that some slice is near, or beyond, or none.
fn offset<T: Value>(case: &Case, x: &[T], number: u8) -> f64 {
    let layout = case.source.layout(&case.shape);
    let norms = reference::norms(normproj::Norm::L2, case.axes, x, &layout).expect("valid");
    let norm = norms.iter().copied().find(|n| n.is_finite() && *n > 0.0).unwrap_or(1.0);
    match number {
        0 => 0.0,
        1 => 0.3 * norm,
        2 => -2.0 * norm,
        3 => 1e-30,
        _ => (hash(case.seed, 3) % 1000) as f64 * 0.01 - 5.0,
    }
}

fn set(number: u8, offset: f64, axes: Axes) -> Projection {
    match number {
        0 => Projection::hyperplane(offset, axes),
        1 => Projection::half_space(offset, axes),
        _ => Projection::line(axes),
    }
}

/// Offsets that are hard on a plane: of either sign, near some slice or far from all, and none.
fn radii<T: Value>(case: &Case) -> Vec<f64> {
    let slices = reference::slices(case.axes, &case.shape).expect("valid").len();
    let count = if hash(case.seed, 41).is_multiple_of(4) { 1 } else { slices };
    let one = |slice: usize| {
        let bits = hash(case.seed ^ 0x0ff5e7, slice);
        let some = [1.0, -1.0, 0.0, -0.0, 0.25, -3.0, 1e-40, 1e30, -1e38];
        let r = match bits % 16 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            _ => some[(bits >> 16) as usize % some.len()],
        };
        if T::DTYPE == DType::F64 { r } else { f64::from(r as f32) }
    };
    (0..count).map(one).collect()
}

fn judged<T: Value>(
    case: &Case,
    along: Along,
    [number, of_offset]: [u8; 2],
    apart: bool,
    in_memory: bool,
) {
    let x = case.memory::<T>();
    let offset = offset(case, &x, of_offset).clamp(-1e300, 1e300);
    let projection =
        set(number, offset, case.axes).rounding(case.rounding).on_non_finite(case.policy);
    let of_direction = shape(&case.shape, case.axes, along.shared);
    let layout: Layout = case.target.layout(&of_direction);
    let a = case.target.memory(&of_direction, case.seed ^ 0xd1, |i| {
        let bits = hash(case.seed ^ 0xa1, i);
        match along.poison {
            0 => along.fill.value(case.seed ^ 0x77, i),
            rarity if bits.is_multiple_of(rarity as u64) => T::of(f64::NAN),
            _ => along.fill.value(case.seed ^ 0x77, i),
        }
    });
    let source = case.source.layout(&case.shape);
    let target = case.target.layout(&case.shape);
    let room = case.target.memory(&case.shape, !case.seed, |_| T::of(f64::NAN));
    let request = match apart {
        true => Request::into(projection, source, target),
        false => Request::in_place(projection, source),
    };
    let request = request.with_report();
    let direction = Tensor { layout: &layout, elements: &a };
    let radii = in_memory.then(|| radii::<T>(case));
    for context in contexts_for(case.seed).filter(|context| serves(context, T::DTYPE)) {
        prove(context, &request, &x, &room, direction, radii.as_deref(), case.seed);
    }
}

fn dtypes() -> impl Strategy<Value = DType> {
    prop_oneof![
        4 => Just(DType::F32),
        1 => Just(DType::F16),
        1 => Just(DType::BF16),
        2 => Just(DType::F64),
    ]
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn every_slice_keeps_its_promise(
        case in cases(),
        along in along(),
        dtype in dtypes(),
        numbers in [0..3u8, 0..5u8],
        apart in any::<bool>(),
    ) {
        for_dtype!(dtype, T => judged::<T>(&case, along, numbers, apart, false));
    }

    #[test]
    fn offsets_in_memory_keep_the_promises(
        case in cases(),
        along in along(),
        dtype in dtypes(),
        numbers in [0..2u8, 0..5u8],
        apart in any::<bool>(),
    ) {
        for_dtype!(dtype, T => judged::<T>(&case, along, numbers, apart, true));
    }
}

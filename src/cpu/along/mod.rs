//! Slices that move along a direction: a sweep for products and squares, a decision for each slice, and a
//! sweep that moves. What leaves the range of f64 on the way, or is not finite, goes slice by slice.

mod decide;
mod locks;
mod slice;
mod store;
mod sums;

use std::sync::{Arc, RwLock};

use half::{bf16, f16};

use super::memory::Memory;
use super::number::Number;
use super::radii::Radii;
use super::rule::is_cut;
use super::tile::{Order, Tile};
use crate::dtype::DType;
use crate::host::HostMemory;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::request::Output;
use crate::plan::rule::Rule;
use crate::report::Tally;
use decide::{Decided, Planes};
use locks::Locked;

/// Where elements are: memory behind a lock.
pub(crate) type Shared = Arc<RwLock<HostMemory>>;

/// Carries out a plan with a direction: `from` is read, `to` written; the same memory in place. `radii` are
/// those of a plan that has some.
pub(crate) fn run(
    plan: &Plan,
    from: &Shared,
    to: &Shared,
    (direction, layout): (&Shared, &Layout),
    radii: &[f64],
) -> Tally {
    let Rule::Along(all) = plan.rule() else { return Tally::default() };
    let planes = Planes { all, radii: Radii::new(plan, radii) };
    let direction = (direction, layout.offset()..layout.end());
    match plan.request().dtype {
        DType::F32 => run_as::<f32>(plan, &planes, from, to, direction),
        DType::F16 => run_as::<f16>(plan, &planes, from, to, direction),
        DType::BF16 => run_as::<bf16>(plan, &planes, from, to, direction),
        DType::F64 => run_as::<f64>(plan, &planes, from, to, direction),
    }
}

fn run_as<T: Number>(
    plan: &Plan,
    planes: &Planes<'_>,
    from: &Shared,
    to: &Shared,
    direction: (&Shared, std::ops::Range<usize>),
) -> Tally {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return super::empty(plan);
    }
    let in_place = plan.request().output == Output::InPlace;
    let mut locked = Locked::<T>::new((!in_place).then_some(from), to, direction);
    let (source, target, along) = locked.elements();
    let target = &mut target[geometry.target_offset..];
    match source {
        None => project(plan, planes, Memory::InPlace(target), along),
        Some(source) => {
            let source = &source[geometry.source_offset..];
            project(plan, planes, Memory::Apart(source, target), along)
        }
    }
}

fn project<T: Number>(
    plan: &Plan,
    planes: &Planes<'_>,
    mut memory: Memory<'_, T>,
    along: &[T],
) -> Tally {
    let tile = Tile::new(plan, Order::Target);
    let mut sums = vec![sums::Sums::default(); tile.slots()];
    sums::add(&tile, memory.source(), along, &mut sums);
    let Decided { factors, odd, mut tally } = decide::decide::<T>(plan, planes, &tile, &sums);
    let moves = store::Moves { factors, keeps: planes.keeps(), cut: is_cut(plan) };
    store::store(&tile, memory.again(), along, &moves);
    for number in odd {
        tally = tally.merge(slice::project(plan, planes, &mut memory, along, number));
    }
    tally
}

//! Weights that follow their gradients and are projected while they are in a cache.
//!
//! The tile of a request is halved along kept axes until a part of weights, gradients and what is remembered of them
//! fits the cache of a thread; there elements are updated, and then the part is projected as any tensor is. A slice that
//! does not fit is updated by all threads first.

mod copy;
mod kernel;
mod memory;

use std::sync::{Arc, RwLock};

use super::number::{Number, with_number};
use super::tile::{Order, Tile};
use crate::error::Result;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::plan::Plan;
use crate::report::Tally;
use crate::update;
pub(super) use copy::Narrowed;
pub(super) use kernel::Coefficients;
pub(super) use memory::Weights;

/// A tensor with the strides of the weights, and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub memory: Arc<RwLock<HostMemory>>,
    pub offset: usize,
}

/// What weights follow.
#[derive(Debug)]
pub(crate) struct Operands {
    pub gradient: Beside,
    /// What is remembered: as many as the update has.
    pub first: Option<Beside>,
    pub second: Option<Beside>,
    /// A copy of the weights in 16 bits, in a memory of its own.
    pub copy: Option<Beside>,
}

/// Updates weights in place and projects them.
pub(crate) fn run(
    plan: &Plan,
    weights: &Arc<RwLock<HostMemory>>,
    operands: &Operands,
    coefficients: &update::Coefficients,
) -> Result<Tally> {
    with_number!(plan.request().dtype, T => run_as::<T>(plan, weights, operands, coefficients))
}

/// What the projection alone would do to weights, which keep every bit.
pub(crate) fn skip(plan: &Plan, weights: &Arc<RwLock<HostMemory>>) -> Result<Tally> {
    if !plan.request().report {
        return Ok(Tally::default());
    }
    with_number!(plan.request().dtype, T => {
        let mut copy = lock_read(weights).of::<T>().to_vec();
        super::project::<T>(plan, None, &mut copy)
    })
}

fn run_as<T: Number>(
    plan: &Plan,
    weights: &Arc<RwLock<HostMemory>>,
    operands: &Operands,
    coefficients: &update::Coefficients,
) -> Result<Tally> {
    let Operands { gradient, first, second, copy } = operands;
    // One lock cannot be held twice.
    let own = Arc::ptr_eq(weights, &gradient.memory).then(|| lock_read(weights).of::<T>().to_vec());
    let read = own.is_none().then(|| lock_read(&gradient.memory));
    let gradient_of = match (&own, &read) {
        (Some(own), _) => own.as_slice(),
        (None, Some(read)) => read.of::<T>(),
        (None, None) => &[],
    };
    let mut locks =
        [first, second].map(|beside| beside.as_ref().map(|one| lock_write(&one.memory)));
    let [first, second] = [first, second].map(|beside| beside.as_ref().map_or(0, |one| one.offset));
    let mut target = lock_write(weights);
    if plan.geometry().elements() == 0 {
        return super::project::<T>(plan, None, target.of_mut());
    }
    let [of_first, of_second] = &mut locks;
    let memory = of_first.as_mut().map_or(&mut [][..], |memory| &mut memory.of_mut::<T>()[first..]);
    let second =
        of_second.as_mut().map_or(&mut [][..], |memory| &mut memory.of_mut::<T>()[second..]);
    let tile = Tile::new(plan, Order::Target);
    let weights = Weights {
        weights: &mut target.of_mut::<T>()[plan.geometry().target_offset..],
        gradient: &gradient_of[gradient.offset..],
        first: memory,
        second,
    };
    let mut written = copy.as_ref().map(|copy| lock_write(&copy.memory));
    let copy = match (&mut written, copy, plan.request().copy) {
        (Some(memory), Some(copy), Some((_, dtype))) => Narrowed::new(memory, copy, dtype),
        _ => Narrowed::None,
    };
    let numbers = Coefficients::<T::Real>::new(coefficients);
    super::project_stepped(plan, tile, weights, copy, &numbers)
}

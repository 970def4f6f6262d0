//! The memories of a group, locked together.

use std::borrow::Cow;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::weights::Weights;
use crate::buffer::Storage;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::plan::group::{Companion, GroupRequest, Member, Memories};

/// One memory, held until the clip is done.
pub(super) enum Guard<'a> {
    Read(RwLockReadGuard<'a, HostMemory>),
    Write(RwLockWriteGuard<'a, HostMemory>),
}

/// Locks every memory once, those that hold a member for writing if the clip writes. The order is
/// that of addresses, so that two threads never wait for each other.
pub(super) fn lock<'a>(memories: &'a Memories, request: &GroupRequest) -> Vec<Guard<'a>> {
    let mut written = vec![false; memories.tensors.len()];
    for member in &request.members {
        written[member.memory] = request.clip.writes();
    }
    let mut order: Vec<(usize, &Arc<RwLock<HostMemory>>)> = (memories.tensors.iter().enumerate())
        .filter_map(|(index, tensor)| match tensor.storage() {
            Storage::Host(elements) => Some((index, elements)),
            Storage::Device(_) => None,
        })
        .collect();
    order.sort_unstable_by_key(|(_, elements)| Arc::as_ptr(elements));
    let mut guards: Vec<(usize, Guard<'a>)> = (order.into_iter())
        .map(|(index, elements)| match written[index] {
            true => (index, Guard::Write(lock_write(elements))),
            false => (index, Guard::Read(lock_read(elements))),
        })
        .collect();
    guards.sort_unstable_by_key(|(index, _)| *index);
    guards.into_iter().map(|(_, guard)| guard).collect()
}

/// The elements of one memory.
pub(super) enum Memory<'a> {
    Read(&'a [f32]),
    Write(&'a mut [f32]),
}

impl Memory<'_> {
    pub fn elements(&self) -> &[f32] {
        match self {
            Memory::Read(elements) => elements,
            Memory::Write(elements) => elements,
        }
    }
}

/// The elements that guards hold, and the weights of each member. Weights in a memory that is
/// written are copied: it cannot be lent twice.
pub(super) fn open<'a>(
    guards: &'a mut [Guard<'_>],
    request: &GroupRequest,
) -> (Vec<Memory<'a>>, Vec<Weights<'a>>) {
    let mut weights: Vec<Weights<'a>> = (request.members.iter())
        .map(|member| match present(member).map(|w| (w, &guards[w.memory])) {
            Some((w, Guard::Write(elements))) => {
                let copy = elements.of()[w.layout.offset()..w.layout.end()].to_vec();
                Weights { values: Some(Cow::Owned(copy)), rate: w.rate }
            }
            _ => Weights { values: None, rate: 0.0 },
        })
        .collect();
    let memories: Vec<Memory<'a>> = (guards.iter_mut())
        .map(|guard| match guard {
            Guard::Read(elements) => Memory::Read(elements.of()),
            Guard::Write(elements) => Memory::Write(elements.of_mut()),
        })
        .collect();
    for (weights, member) in weights.iter_mut().zip(&request.members) {
        let Some(w) = present(member) else { continue };
        if let Memory::Read(elements) = memories[w.memory] {
            let values = Cow::Borrowed(&elements[w.layout.offset()..w.layout.end()]);
            *weights = Weights { values: Some(values), rate: w.rate };
        }
    }
    (memories, weights)
}

/// Weights that count. Without a rate not even a product with zero: it would make a NaN of an
/// infinity, and of minus zero zero.
fn present(member: &Member) -> Option<Companion> {
    member.companion.filter(|companion| companion.rate != 0.0 && !companion.layout.is_empty())
}

//! The memories of a group, locked together.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::weights::Weights;
use crate::buffer::{DeviceBuffer, Storage};
use crate::host::{HostMemory, lock_read, lock_write};
use crate::plan::group::{Companion, GroupRequest, Member};

/// One memory, held until the clip is done.
pub(super) enum Guard<'a> {
    Read(RwLockReadGuard<'a, HostMemory>),
    Write(RwLockWriteGuard<'a, HostMemory>),
}

/// Locks every memory once, those that hold a member for writing if the clip writes. The order is
/// that of addresses, so that two threads never wait for each other.
pub(super) fn lock<'a>(memories: &'a [DeviceBuffer], request: &GroupRequest) -> Vec<Guard<'a>> {
    let mut written = vec![false; memories.len()];
    // Examples are read, and their sums written later.
    let writes = request.clip.writes() && request.sums.is_none();
    for member in &request.members {
        written[member.memory] = writes;
    }
    let mut order: Vec<(usize, &Arc<RwLock<HostMemory>>)> = (memories.iter().enumerate())
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

/// One memory, in words that hold elements of any dtype.
pub(super) enum Memory<'a> {
    Read(&'a [u64]),
    Write(&'a mut [u64]),
}

impl Memory<'_> {
    pub fn words(&self) -> &[u64] {
        match self {
            Memory::Read(words) => words,
            Memory::Write(words) => words,
        }
    }
}

/// The memories that guards hold, and the weights of each member. Weights in a memory that is
/// written are copied: it cannot be lent twice.
pub(super) fn open<'a>(
    guards: &'a mut [Guard<'_>],
    request: &GroupRequest,
) -> (Vec<Memory<'a>>, Vec<Option<Weights<'a>>>) {
    let mut weights: Vec<Option<Weights<'a>>> = (request.members.iter())
        .map(|member| match present(member).map(|w| (w, &guards[w.memory])) {
            Some((w, Guard::Write(memory))) => {
                let words = Cow::Owned(memory.words()[words_of(member, &w)].to_vec());
                Some(Weights::new(words, member.dtype, &w))
            }
            _ => None,
        })
        .collect();
    let memories: Vec<Memory<'a>> = (guards.iter_mut())
        .map(|guard| match guard {
            Guard::Read(memory) => Memory::Read(memory.words()),
            Guard::Write(memory) => Memory::Write(memory.words_mut()),
        })
        .collect();
    for (weights, member) in weights.iter_mut().zip(&request.members) {
        let Some(w) = present(member) else { continue };
        if let Memory::Read(words) = memories[w.memory] {
            let words = Cow::Borrowed(&words[words_of(member, &w)]);
            *weights = Some(Weights::new(words, member.dtype, &w));
        }
    }
    (memories, weights)
}

/// The words that weights lie in.
fn words_of(member: &Member, weights: &Companion) -> Range<usize> {
    let (size, layout) = (member.dtype.size(), &weights.layout);
    size * layout.offset() / 8..(size * layout.end()).div_ceil(8)
}

/// Weights that count. Without a rate not even a product with zero: it would make a NaN of an
/// infinity, and of minus zero zero.
fn present(member: &Member) -> Option<Companion> {
    member.companion.filter(|companion| companion.rate != 0.0 && !companion.layout.is_empty())
}

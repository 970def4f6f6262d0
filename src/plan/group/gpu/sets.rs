//! Which windows of memory are bound together.

use std::collections::HashMap;

use crate::plan::gpu::steps::Window;
use crate::plan::group::gpu::parts::{Part, Place};
use crate::plan::profile::GpuLimits;

/// A window of a memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bind {
    /// Which memory.
    pub memory: usize,
    /// What of it.
    pub window: Window,
}

/// Parts whose windows are bound together.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub binds: Vec<Bind>,
    pub parts: Vec<Part>,
    /// Elements of a load.
    pub width: u32,
    slots: HashMap<(usize, usize), u32>,
}

impl Set {
    /// The slot of the window that a place is in.
    pub fn slot(&self, place: Place, cell: usize) -> u32 {
        self.slots.get(&(place.memory, place.first / cell)).copied().unwrap_or_default()
    }

    /// The place's element within its window.
    pub fn element(&self, place: Place, cell: usize) -> u32 {
        let bind = &self.binds[self.slot(place, cell) as usize];
        (place.first as u64 - bind.window.offset / 4) as u32
    }
}

/// What is used of a cell of memory.
#[derive(Debug, Clone, Copy)]
struct Used {
    first: usize,
    end: usize,
}

/// Puts parts into sets of at most `most` windows, those of one window together.
pub(super) fn sets(
    parts: Vec<Part>,
    memories: &[u64],
    cell: usize,
    most: usize,
    limits: &GpuLimits,
) -> Vec<Set> {
    let mut used: HashMap<(usize, usize), Used> = HashMap::new();
    let mut order: HashMap<(usize, usize), usize> = HashMap::new();
    for part in &parts {
        let (last, other_last) = part.last();
        for (place, last) in
            [Some((part.place, last)), part.other.zip(other_last)].into_iter().flatten()
        {
            let key = (place.memory, place.first / cell);
            let here = Used { first: place.first, end: last + 1 };
            let known = used.entry(key).or_insert(here);
            *known = Used { first: known.first.min(here.first), end: known.end.max(here.end) };
            let next = order.len();
            order.entry(key).or_insert(next);
        }
    }
    // Whole loads of four reach a little beyond the last element, which a foreign buffer may lack.
    let whole = |key: (usize, usize)| {
        let end = used.get(&key).map_or(0, |used| used.end.next_multiple_of(4));
        4 * end as u64 <= memories[key.0]
    };
    let single = |part: &Part| {
        let keys = keys(part, cell);
        let apart = part.other.is_some_and(|other| other.first % 4 != part.place.first % 4);
        !part.is_contiguous() || apart || !keys.iter().all(|&key| whole(key))
    };
    // Parts that need loads of one element spoil the loads of their set: those come last. But a
    // window is not bound twice for that.
    let mut spoiled: HashMap<(usize, usize), bool> = HashMap::new();
    for part in &parts {
        let single = single(part);
        keys(part, cell).into_iter().for_each(|key| *spoiled.entry(key).or_default() |= single);
    }
    let rank = |part: &Part| {
        let key = (part.place.memory, part.place.first / cell);
        (spoiled.get(&key).copied().unwrap_or_default(), order.get(&key).copied())
    };
    let mut parts = parts;
    parts.sort_by_key(rank);
    let mut sets: Vec<Set> = Vec::new();
    for part in parts {
        let keys = keys(&part, cell);
        let known = sets.last().map_or(usize::MAX, |set: &Set| {
            set.binds.len() + keys.iter().filter(|key| !set.slots.contains_key(key)).count()
        });
        if known > most {
            sets.push(Set { width: 4, ..Set::default() });
        }
        let Some(set) = sets.last_mut() else { continue };
        if single(&part) {
            set.width = 1;
        }
        for key in keys {
            if !set.slots.contains_key(&key) {
                set.slots.insert(key, set.binds.len() as u32);
                let Some(used) = used.get(&key) else { continue };
                set.binds
                    .push(Bind { memory: key.0, window: window(used, memories[key.0], limits) });
            }
        }
        set.parts.push(part);
    }
    sets
}

fn keys(part: &Part, cell: usize) -> Vec<(usize, usize)> {
    let mut keys = vec![(part.place.memory, part.place.first / cell)];
    if let Some(other) = part.other {
        let key = (other.memory, other.first / cell);
        if key != keys[0] {
            keys.push(key);
        }
    }
    keys
}

/// What is bound around the elements that are used, in whole loads of four where the buffer has
/// them. A foreign buffer may end amid an element, a window may not.
fn window(used: &Used, bytes: u64, limits: &GpuLimits) -> Window {
    let alignment = u64::from(limits.storage_alignment.max(16));
    let offset = 4 * used.first as u64 / alignment * alignment;
    let end = (4 * used.end as u64).next_multiple_of(16).min(bytes / 4 * 4);
    Window { offset, size: end - offset }
}

//! Which windows of memory are bound together.

use std::collections::HashMap;

use crate::dtype::Precision;
use crate::plan::gpu::steps::Window;
use crate::plan::group::gpu::chunks::LINE;
use crate::plan::group::gpu::parts::{Part, Place};
use crate::plan::profile::GpuLimits;
use crate::shader::variant::Pack;

/// A window of a memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bind {
    /// Which memory.
    pub memory: usize,
    /// What of it.
    pub window: Window,
}

/// Parts whose elements are stored alike, and whose windows are bound together.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub binds: Vec<Bind>,
    pub parts: Vec<Part>,
    pub pack: Pack,
    /// Elements of a load.
    pub width: u32,
    slots: HashMap<Key, u32>,
}

/// A cell of a memory, and the elements that are bound of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    memory: usize,
    cell: usize,
    pack: Pack,
}

impl Key {
    fn new(part: &Part, place: Place, cell: usize) -> Self {
        Key { memory: place.memory, cell: part.cell_of(place, cell), pack: part.pack }
    }
}

impl Set {
    /// The slot of the window that a place of a part is in, and the place's element there.
    pub fn find(&self, part: &Part, place: Place, cell: usize) -> (u32, u32) {
        let slot = self.slots.get(&Key::new(part, place, cell)).copied().unwrap_or_default();
        let before = self.binds[slot as usize].window.offset / u64::from(self.pack.bytes());
        (slot, (place.first as u64 - before) as u32)
    }

    /// Whether loads of four reach words that they share with others.
    pub fn shares_words(&self) -> bool {
        self.width == 4 && self.parts.iter().any(Part::shares_words)
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
    precision: Precision,
) -> Vec<Set> {
    let mut used: HashMap<Key, Used> = HashMap::new();
    let mut order: HashMap<Key, usize> = HashMap::new();
    for part in &parts {
        let (last, other_last) = part.last();
        for (place, last) in
            [Some((part.place, last)), part.other.zip(other_last)].into_iter().flatten()
        {
            let key = Key::new(part, place, cell);
            let here = Used { first: place.first, end: last + 1 };
            let known = used.entry(key).or_insert(here);
            *known = Used { first: known.first.min(here.first), end: known.end.max(here.end) };
            let next = order.len();
            order.entry(key).or_insert(next);
        }
    }
    // Whole loads of four reach a little beyond the last element, which a foreign buffer may lack.
    let whole = |key: Key| {
        let end = used.get(&key).map_or(0, |used| used.end.next_multiple_of(4));
        u64::from(key.pack.bytes()) * end as u64 <= memories[key.memory]
    };
    let single = |part: &Part| {
        let keys = keys(part, cell);
        let apart = part.other.is_some_and(|other| other.first % 4 != part.place.first % 4);
        let apart = apart || part.rows.count > 1 && !part.rows.stride.is_multiple_of(4);
        precision == Precision::Double
            || !part.is_contiguous()
            || apart
            || !keys.iter().all(|&key| whole(key))
    };
    // Parts that need loads of one element spoil the loads of their set: those come last. But a
    // window is not bound twice for that.
    let mut spoiled: HashMap<Key, bool> = HashMap::new();
    for part in &parts {
        let single = single(part);
        keys(part, cell).into_iter().for_each(|key| *spoiled.entry(key).or_default() |= single);
    }
    let rank = |part: &Part| {
        let key = Key::new(part, part.place, cell);
        let spoiled = spoiled.get(&key).copied().unwrap_or_default();
        (part.pack, spoiled, order.get(&key).copied())
    };
    let mut parts = parts;
    parts.sort_by_key(rank);
    let mut sets: Vec<Set> = Vec::new();
    for part in parts {
        let keys = keys(&part, cell);
        let known = sets.last().filter(|set| set.pack == part.pack);
        let known = known.map_or(usize::MAX, |set| {
            set.binds.len() + keys.iter().filter(|key| !set.slots.contains_key(key)).count()
        });
        if known > most {
            sets.push(Set { width: 4, pack: part.pack, ..Set::default() });
        }
        let Some(set) = sets.last_mut() else { continue };
        if single(&part) {
            set.width = 1;
        }
        for key in keys {
            if !set.slots.contains_key(&key) {
                set.slots.insert(key, set.binds.len() as u32);
                let Some(used) = used.get(&key) else { continue };
                let window = window(used, key.pack, memories[key.memory], limits);
                set.binds.push(Bind { memory: key.memory, window });
            }
        }
        set.parts.push(part);
    }
    sets
}

fn keys(part: &Part, cell: usize) -> Vec<Key> {
    let mut keys = vec![Key::new(part, part.place, cell)];
    if let Some(other) = part.other {
        let key = Key::new(part, other, cell);
        if key != keys[0] {
            keys.push(key);
        }
    }
    keys
}

/// What is bound around the elements that are used, in whole loads of four where the buffer has
/// them. A foreign buffer may end amid an element, a window may not.
fn window(used: &Used, pack: Pack, bytes: u64, limits: &GpuLimits) -> Window {
    let size = u64::from(pack.bytes());
    let alignment = u64::from(limits.storage_alignment).max(LINE as u64);
    let offset = size * used.first as u64 / alignment * alignment;
    let end = (size * used.end as u64).next_multiple_of(16).min(bytes / 4 * 4);
    Window { offset, size: end - offset }
}

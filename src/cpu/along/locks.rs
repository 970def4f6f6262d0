//! The memories of a request, locked together.

use std::ops::Range;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use super::Shared;
use crate::dtype::Element;
use crate::host::{HostMemory, lock_read, lock_write};

/// The memories of source, target and direction, held until the request is done.
pub(super) struct Locked<'a, T> {
    source: Option<Held<'a, T>>,
    target: RwLockWriteGuard<'a, HostMemory>,
    direction: Held<'a, T>,
    range: Range<usize>,
}

/// A memory that is read.
enum Held<'a, T> {
    Guard(RwLockReadGuard<'a, HostMemory>),
    /// Of a memory that is locked already: a lock cannot be held twice.
    Copy(Vec<T>),
}

impl<T: Element> Held<'_, T> {
    fn elements(&self) -> &[T] {
        match self {
            Held::Guard(guard) => guard.of(),
            Held::Copy(copy) => copy,
        }
    }
}

impl<'a, T: Element> Locked<'a, T> {
    /// Without a source the target is projected in place. `range` is where the direction is in its memory.
    pub fn new(
        source: Option<&'a Shared>,
        target: &'a Shared,
        (direction, range): (&'a Shared, Range<usize>),
    ) -> Self {
        let copy = |memory: &Shared| lock_read(memory).of::<T>().to_vec();
        let locked_once = |memory: &Shared| {
            !Arc::ptr_eq(memory, target) && !source.is_some_and(|other| Arc::ptr_eq(memory, other))
        };
        let mut held_source = None;
        let mut held_direction = None;
        if let Some(source) = source.filter(|source| Arc::ptr_eq(source, target)) {
            held_source = Some(Held::Copy(copy(source)));
        }
        if !locked_once(direction) {
            held_direction = Some(Held::Copy(copy(direction)));
        }
        // In the order of addresses, so that two threads never wait for each other.
        let order = |memory: &Shared| Arc::as_ptr(memory) < Arc::as_ptr(target);
        let mut before: Vec<(&'a Shared, bool)> = Vec::new();
        before.extend(source.filter(|_| held_source.is_none()).map(|memory| (memory, true)));
        before.extend(held_direction.is_none().then_some((direction, false)));
        before.sort_unstable_by_key(|(memory, _)| Arc::as_ptr(memory));
        let mut hold = |first: bool| {
            for &(memory, of_source) in before.iter().filter(|(memory, _)| order(memory) == first) {
                let guard = Held::Guard(lock_read(memory));
                match of_source {
                    true => held_source = Some(guard),
                    false => held_direction = Some(guard),
                }
            }
        };
        hold(true);
        let target = lock_write(target);
        hold(false);
        let direction = held_direction.unwrap_or(Held::Copy(Vec::new()));
        Locked { source: held_source, target, direction, range }
    }

    /// The elements of the source, unless it is the target; of the target; and of the direction's view.
    pub fn elements(&mut self) -> (Option<&[T]>, &mut [T], &[T]) {
        let source = self.source.as_ref().map(Held::elements);
        let direction = &self.direction.elements()[self.range.clone()];
        (source, self.target.of_mut(), direction)
    }
}

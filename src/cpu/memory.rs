//! What a tile reads and writes, in the three forms of a request.

use super::number::Number;
use super::tile::{At, Line, Order};

/// The memory of a tile. Parts of a split share no element that is written.
pub(super) enum Memory<'a, T: Number> {
    /// The result goes over the source.
    InPlace(&'a mut [T]),
    /// The result goes to other memory.
    Apart(&'a [T], &'a mut [T]),
    /// The result is the norm of each slice, in the order of the tile.
    Norms(&'a [T], &'a mut [T::Real]),
}

impl<'a, T: Number> Memory<'a, T> {
    /// The order in which memory is walked: what is split for writing must be in that of the target.
    pub fn order(&self) -> Order {
        match self {
            Memory::InPlace(_) | Memory::Apart(..) => Order::Target,
            Memory::Norms(..) => Order::Source,
        }
    }

    pub fn source(&self) -> &[T] {
        match self {
            Memory::InPlace(data) => data,
            Memory::Apart(source, _) | Memory::Norms(source, _) => source,
        }
    }

    /// The same memory for a while.
    pub fn again(&mut self) -> Memory<'_, T> {
        match self {
            Memory::InPlace(data) => Memory::InPlace(data),
            Memory::Apart(source, target) => Memory::Apart(source, target),
            Memory::Norms(source, norms) => Memory::Norms(source, norms),
        }
    }

    /// The memory of the two halves of the outermost axis.
    pub fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let (from, to) = (middle * outer.source, middle * outer.target);
        match self {
            Memory::InPlace(data) => {
                let (a, b) = data.split_at_mut(to);
                (Memory::InPlace(a), Memory::InPlace(b))
            }
            Memory::Apart(source, target) => {
                let (a, b) = target.split_at_mut(to);
                (Memory::Apart(source, a), Memory::Apart(&source[from..], b))
            }
            Memory::Norms(source, norms) => {
                let (a, b) = norms.split_at_mut(middle * outer.slot);
                (Memory::Norms(source, a), Memory::Norms(&source[from..], b))
            }
        }
    }

    /// From a place on.
    pub fn at(&mut self, at: At) -> Memory<'_, T> {
        match self {
            Memory::InPlace(data) => Memory::InPlace(&mut data[at.target..]),
            Memory::Apart(source, target) => {
                Memory::Apart(&source[at.source..], &mut target[at.target..])
            }
            Memory::Norms(source, norms) => {
                Memory::Norms(&source[at.source..], &mut norms[at.slot..])
            }
        }
    }
}

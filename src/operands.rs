//! What a request reads beside its tensor.

use crate::buffer::DeviceBuffer;
use crate::gpu::Advance;
use crate::indices::Indices;
use crate::plan::request::Request;

/// What a request reads beside its tensor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Operands<'a> {
    /// The radii of slices.
    pub radii: Option<&'a DeviceBuffer>,
    /// The direction along which slices move.
    pub direction: Option<&'a DeviceBuffer>,
    /// The lower and upper bounds of elements.
    pub limits: Option<[&'a DeviceBuffer; 2]>,
    /// The rows that are projected, as words.
    pub rows: Option<&'a DeviceBuffer>,
    /// What weights are updated by.
    pub update: Option<Updating<'a>>,
}

/// What weights are updated by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Updating<'a> {
    pub gradient: &'a DeviceBuffer,
    /// What is remembered, as much as the update has.
    pub first: Option<&'a DeviceBuffer>,
    pub second: Option<&'a DeviceBuffer>,
    /// A copy of the weights in 16 bits that is written along.
    pub copy: Option<&'a DeviceBuffer>,
    /// What makes the numbers of the step ready.
    pub advance: &'a Advance,
}

impl<'a> Operands<'a> {
    pub fn radii(radii: &'a DeviceBuffer) -> Self {
        Operands { radii: Some(radii), ..Operands::default() }
    }

    pub fn along(direction: &'a DeviceBuffer) -> Self {
        Operands { direction: Some(direction), ..Operands::default() }
    }

    pub fn limits(low: &'a DeviceBuffer, high: &'a DeviceBuffer) -> Self {
        Operands { limits: Some([low, high]), ..Operands::default() }
    }

    pub fn rows(indices: &'a Indices) -> Self {
        Operands { rows: Some(indices.words()), ..Operands::default() }
    }

    /// All of them.
    pub fn each(&self) -> impl Iterator<Item = &'a DeviceBuffer> {
        let limits = self.limits.into_iter().flatten();
        let update = self.update.into_iter();
        let update =
            update.flat_map(|of| [Some(of.gradient), of.first, of.second, of.copy]).flatten();
        self.radii.into_iter().chain(self.direction).chain(limits).chain(self.rows).chain(update)
    }

    /// A request that says where they are.
    pub fn of(&self, request: &Request) -> Request {
        let layout = |operand: Option<&DeviceBuffer>| operand.map(|operand| *operand.layout());
        let limits = self.limits.map(|both| both.map(|one| *one.layout()));
        let (radii, direction, rows) =
            (layout(self.radii), layout(self.direction), layout(self.rows));
        Request { radii, direction, limits, rows, ..*request }
    }
}

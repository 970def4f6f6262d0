//! What a request reads beside its tensor.

use crate::buffer::DeviceBuffer;
use crate::plan::request::Request;

/// What a request reads beside its tensor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Operands<'a> {
    /// The radii of slices.
    pub radii: Option<&'a DeviceBuffer>,
    /// The direction along which slices move.
    pub direction: Option<&'a DeviceBuffer>,
}

impl<'a> Operands<'a> {
    pub fn radii(radii: &'a DeviceBuffer) -> Self {
        Operands { radii: Some(radii), direction: None }
    }

    pub fn along(direction: &'a DeviceBuffer) -> Self {
        Operands { direction: Some(direction), radii: None }
    }

    /// A request that says where they are.
    pub fn of(&self, request: &Request) -> Request {
        let layout = |operand: Option<&DeviceBuffer>| operand.map(|operand| *operand.layout());
        Request { radii: layout(self.radii), direction: layout(self.direction), ..*request }
    }
}

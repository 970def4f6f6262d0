//! A tensor's memory on a GPU.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::gpu::bound::Bound;
use crate::gpu::prepared::Prepared;
use crate::plan::request::{Output, Request};

/// How many requests on a tensor are remembered. The one-line calls of a training step repeat a
/// few requests on each tensor.
const RECENT: usize = 4;

/// A tensor's memory, and what was recently prepared for it. That dies with it, and binds no other
/// tensor: no cache keeps memory alive that its owner dropped.
#[derive(Debug)]
pub(crate) struct GpuBuffer {
    handle: wgpu::Buffer,
    /// Without the padding at the end.
    bytes: u64,
    recent: Mutex<Vec<Recent>>,
}

#[derive(Debug, Clone)]
struct Recent {
    request: Request,
    prepared: Prepared,
    /// Only of a request in place, without operands.
    bound: Option<Bound>,
}

impl GpuBuffer {
    /// Memory of our own: so many bytes, and padding.
    pub fn new(handle: wgpu::Buffer, bytes: u64) -> Self {
        GpuBuffer { handle, bytes, recent: Mutex::default() }
    }

    /// A buffer of the caller's.
    pub fn foreign(handle: wgpu::Buffer) -> Result<Self> {
        if !handle.usage().contains(wgpu::BufferUsages::STORAGE) {
            return Err(Error::Usage { missing: "STORAGE".to_string() });
        }
        let bytes = handle.size();
        Ok(Self::new(handle, bytes))
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn handle(&self) -> &wgpu::Buffer {
        &self.handle
    }

    /// The binding of a request on this tensor, prepared and bound unless it was used recently.
    pub fn bound(
        &self,
        request: &Request,
        prepare: impl FnOnce() -> Result<Prepared>,
        bind: impl FnOnce(&Prepared) -> Result<Bound>,
    ) -> Result<Bound> {
        let known = self.recall(request);
        if let Some(Recent { bound: Some(bound), .. }) = known {
            return Ok(bound);
        }
        // Not under the lock: other threads that use this tensor need not wait for a compiler.
        let prepared = known.map_or_else(prepare, |entry| Ok(entry.prepared))?;
        let bound = bind(&prepared)?;
        // A binding of another tensor would keep that tensor's memory alive.
        let operands = [request.radii, request.direction, request.rows];
        let single = operands.iter().all(Option::is_none) && request.limits.is_none();
        let alone = request.output == Output::InPlace && single;
        let own = alone.then(|| bound.clone());
        self.remember(Recent { request: *request, prepared, bound: own });
        Ok(bound)
    }

    fn recall(&self, request: &Request) -> Option<Recent> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = recent.iter().position(|entry| entry.request == *request)?;
        // The last is the most recent.
        recent[place..].rotate_left(1);
        recent.last().cloned()
    }

    fn remember(&self, entry: Recent) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been as fast.
        recent.retain(|other| other.request != entry.request);
        recent.push(entry);
        if recent.len() > RECENT {
            recent.remove(0);
        }
    }
}

//! A tensor's memory on a GPU.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::gpu::bound::Bound;
use crate::plan::request::Request;

/// How many bindings of a tensor are remembered. The one-line calls of a training step repeat a
/// few requests on each tensor.
const RECENT: usize = 4;

/// A tensor's memory, and its recent bindings: they die with it, so that no cache keeps memory
/// alive that its owner dropped.
#[derive(Debug)]
pub(crate) struct GpuBuffer {
    handle: wgpu::Buffer,
    recent: Mutex<Vec<Recent>>,
}

#[derive(Debug)]
struct Recent {
    request: Request,
    target: wgpu::Buffer,
    bound: Bound,
}

impl GpuBuffer {
    pub fn new(handle: wgpu::Buffer) -> Self {
        GpuBuffer { handle, recent: Mutex::default() }
    }

    /// A buffer of the caller's.
    pub fn foreign(handle: wgpu::Buffer) -> Result<Self> {
        if !handle.usage().contains(wgpu::BufferUsages::STORAGE) {
            return Err(Error::Usage { missing: "STORAGE".to_string() });
        }
        Ok(Self::new(handle))
    }

    pub fn handle(&self) -> &wgpu::Buffer {
        &self.handle
    }

    /// The binding of a request on this tensor and a target, made by `bind` unless it was used
    /// recently.
    pub fn bound(
        &self,
        request: &Request,
        target: &GpuBuffer,
        bind: impl FnOnce() -> Result<Bound>,
    ) -> Result<Bound> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |entry: &Recent| entry.request == *request && entry.target == target.handle;
        let entry = match recent.iter().position(fits) {
            Some(place) => recent.remove(place),
            None => Recent { request: *request, target: target.handle.clone(), bound: bind()? },
        };
        let bound = entry.bound.clone();
        // The last is the most recent.
        recent.push(entry);
        if recent.len() > RECENT {
            recent.remove(0);
        }
        Ok(bound)
    }
}

//! Error scopes: what the device refuses becomes a typed error instead of a panic.

use std::future::Future;
use std::pin::pin;
use std::task::{self, Poll, Waker};

use crate::error::{Error, Result};

/// Runs `work` and gives what the device has against it. Natively the answer is there at once; on
/// the web, where it is not, the browser reports the error later.
///
/// The scopes are popped before anything is awaited, because they are bound to the thread.
pub(super) fn scoped<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> Result<T> {
    // Three filters, nested: each sees only its own kind of error.
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let done = work();
    let internal = answer(internal.pop());
    let memory = answer(memory.pop());
    let validation = answer(validation.pop());
    match internal.or(memory).or(validation) {
        Some(error) => Err(typed(error)),
        None => Ok(done),
    }
}

fn answer(popped: impl Future<Output = Option<wgpu::Error>>) -> Option<wgpu::Error> {
    match pin!(popped).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(error) => error,
        Poll::Pending => None,
    }
}

fn typed(error: wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { source } => Error::OutOfMemory { message: source.to_string() },
        wgpu::Error::Validation { description, .. } => Error::Validation { message: description },
        wgpu::Error::Internal { description, .. } => Error::Validation { message: description },
    }
}

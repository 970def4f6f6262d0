//! The only home of wgpu.

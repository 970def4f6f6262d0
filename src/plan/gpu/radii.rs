//! How radii in memory are bound.

use std::ops::Range;

use crate::dtype::DType;
use crate::layout::Layout;
use crate::plan::gpu::steps::Window;
use crate::plan::limits::Spread;
use crate::plan::profile::GpuLimits;
use crate::plan::request::Request;
use crate::shader::params::{self, Params};

/// The radii of a slab of slices.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundRadii {
    pub window: Window,
    /// The first of them in the window.
    offset: u32,
    /// The slice that it belongs to, counted from the first of the slab.
    first: u32,
    axes: [params::Axis; 8],
    rank: u32,
}

impl BoundRadii {
    /// Those of `slices` slices from the `first` on.
    pub fn new(
        radii: &Layout,
        request: &Request,
        limits: &GpuLimits,
        first: u64,
        slices: u64,
    ) -> Self {
        Self::of_axes(radii, &merged(radii), request.radii_dtype(), limits, first..first + slices)
    }

    /// Those of a limit that is spread over the tensor, of `slices` elements from the `first` on.
    pub fn spread(
        limit: &Layout,
        request: &Request,
        limits: &GpuLimits,
        first: u64,
        slices: u64,
    ) -> Self {
        let slices = first..first + slices;
        Self::of_axes(limit, &spread(limit, request), request.radii_dtype(), limits, slices)
    }

    fn of_axes(
        radii: &Layout,
        axes: &[(usize, usize)],
        dtype: DType,
        limits: &GpuLimits,
        slices: Range<u64>,
    ) -> Self {
        let around = |first, count| Window::around(first, count, dtype, limits);
        let (first, slices) = (slices.start, slices.end - slices.start);
        let offset = radii.offset() as u64;
        let ((window, base), first, lines) = match axes {
            [] => (around(offset, 1), 0, vec![]),
            // A part of one run is bound alone.
            &[(_, stride)] => {
                let stride = stride as u64;
                let span = (slices.max(1) - 1) * stride + 1;
                (around(offset + first * stride, span), 0, vec![(slices as usize, stride as usize)])
            }
            axes => (around(offset, (radii.end() - radii.offset()) as u64), first, axes.to_vec()),
        };
        let mut axes = [params::Axis::default(); 8];
        for (axis, &(size, stride)) in axes.iter_mut().zip(&lines) {
            *axis = params::Axis { size: size as u32, source_stride: stride as u32, ..*axis };
        }
        BoundRadii {
            window,
            offset: base as u32,
            first: first as u32,
            axes,
            rank: lines.len() as u32,
        }
    }

    /// The same dispatch, with the place of its upper limits.
    pub fn upper_of(&self, params: Params) -> Params {
        Params {
            upper_offset: self.offset,
            first_upper: self.first,
            upper_rank: self.rank,
            uppers: self.axes,
            ..params
        }
    }

    /// The same dispatch, with the place of its radii.
    pub fn of(&self, params: Params) -> Params {
        Params {
            radii_offset: self.offset,
            first_radius: self.first,
            radii_rank: self.rank,
            radii: self.axes,
            ..params
        }
    }
}

/// How many slices a slab may have, so that its radii can be bound where they are one run.
pub(super) fn most_slices(request: &Request, limits: &GpuLimits) -> u64 {
    let bytes = limits.binding_bytes.saturating_sub(u64::from(limits.storage_alignment.max(16)));
    let size = request.radii_dtype().size() as u64;
    let most = |axes: Vec<(usize, usize)>| match axes.as_slice() {
        &[(_, stride)] => bytes / (size * stride.max(1) as u64),
        _ => u64::MAX,
    };
    let both = request.limits.iter().flatten().map(|limit| spread(limit, request));
    request.radii.iter().map(merged).chain(both).map(most).min().unwrap_or(u64::MAX)
}

/// The axes of a limit that is spread over the tensor; the request was checked before.
fn spread(limit: &Layout, request: &Request) -> Vec<(usize, usize)> {
    let spread = Spread::new(limit, request.source.shape());
    spread.map(|spread| spread.axes).unwrap_or_default()
}

/// Sizes and strides of the axes, outermost first, without those that are one element or go on where
/// the next ends.
fn merged(radii: &Layout) -> Vec<(usize, usize)> {
    let mut merged: Vec<(usize, usize)> = Vec::new();
    let axes = radii.shape().iter().zip(radii.strides()).filter(|&(&size, _)| size != 1);
    for (&size, &stride) in axes {
        match merged.last_mut() {
            Some(outer) if outer.1 == size * stride => *outer = (outer.0 * size, stride),
            _ => merged.push((size, stride)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::profile::{DeviceKind, DeviceProfile};

    fn limits() -> GpuLimits {
        match DeviceProfile::h200().kind {
            DeviceKind::Gpu(limits) => limits,
            DeviceKind::Native { .. } => panic!("an H200 is a GPU"),
        }
    }

    fn request() -> Request {
        let layout = Layout::contiguous([1]).unwrap();
        Request::in_place(crate::Projection::max_norm(1.0, 0), layout)
    }

    #[test]
    fn a_run_is_bound_where_its_slab_begins() {
        let radii = Layout::strided([10, 100], [1000, 10], 7).unwrap();
        let bound = BoundRadii::new(&radii, &request(), &limits(), 500, 100);
        assert_eq!((bound.rank, bound.axes[0].size, bound.axes[0].source_stride), (1, 100, 10));
        let first = bound.window.offset / 4 + u64::from(bound.offset);
        assert_eq!((first, bound.first), (7 + 5000, 0));
    }

    #[test]
    fn a_view_of_several_runs_is_bound_whole() {
        let radii = Layout::contiguous([30, 20]).unwrap().permuted(&[1, 0]).unwrap();
        let bound = BoundRadii::new(&radii, &request(), &limits(), 40, 10);
        assert_eq!((bound.rank, bound.first, bound.window.size), (2, 40, 2400));
        let one =
            BoundRadii::new(&Layout::contiguous([1, 1]).unwrap(), &request(), &limits(), 40, 10);
        assert_eq!((one.rank, one.window.size), (0, 4));
    }
}

//! `shaders/radius` on the host: which word of memory is the radius of a slice, or a limit of an element.

use normproj::plan::gpu::steps::{Step, Window};
use normproj::shader::params::Axis;
use normproj::shader::variant::{Radius, SetKind};
use normproj::{Layout, Request, reference};

/// Where the radius of each slice is, or both limits of each element, in row-major order.
pub struct Radii {
    lower: Vec<usize>,
    upper: Vec<usize>,
}

impl Radii {
    pub fn new(request: &Request, slices: usize) -> Self {
        let of_slices = |radii: Layout| {
            let places = reference::places(&radii);
            if places.len() == 1 { vec![places[0]; slices] } else { places }
        };
        let shape = request.source.shape();
        match (request.radii, request.limits) {
            (Some(radii), _) => Radii { lower: of_slices(radii), upper: Vec::new() },
            (None, Some([low, high])) => {
                Radii { lower: spread(&low, shape), upper: spread(&high, shape) }
            }
            (None, None) => Radii { lower: Vec::new(), upper: Vec::new() },
        }
    }

    /// The slices of a load meet their own, inside the window that is bound.
    pub fn check(&self, step: &Step, slice: u32, width: u32) {
        if step.variant.radius == Radius::Uniform {
            return;
        }
        let params = &step.params;
        for i in 0..width {
            let logical = (params.first_norm + slice + i) as usize;
            let (first, rank) = (params.first_radius + slice + i, params.radii_rank as usize);
            let at = place(params.radii_offset, first, &params.radii[..rank]);
            assert_eq!(inside(step.radii, at), self.lower[logical], "the radius of {logical}");
            if step.variant.set == SetKind::Limits {
                let (first, rank) = (params.first_upper + slice + i, params.upper_rank as usize);
                let at = place(params.upper_offset, first, &params.uppers[..rank]);
                assert_eq!(inside(step.uppers, at), self.upper[logical], "the limit of {logical}");
            }
        }
    }
}

/// What must be bound at once, with room for alignment: one run of radii can be cut, several cannot.
pub fn bytes_bound_whole(request: &Request) -> u64 {
    let runs = |layout: &&Layout| layout.len() != request.source.len() || !layout.is_contiguous();
    let radii = request.radii.iter().filter(|radii| radii.rank() > 1 && !radii.is_contiguous());
    let limits = request.limits.iter().flatten().filter(runs);
    let bytes = |layout: &Layout| 4 * (layout.end() - layout.offset()) as u64 + 512;
    radii.chain(limits).map(bytes).max().unwrap_or(0)
}

/// The places of a limit for every element of a shape, by plain counting.
fn spread(limit: &Layout, shape: &[usize]) -> Vec<usize> {
    let missing = shape.len() - limit.rank();
    let one = |mut number: usize| {
        let mut place = limit.offset();
        for d in (0..shape.len()).rev() {
            let i = number % shape[d];
            number /= shape[d];
            if d >= missing && limit.shape()[d - missing] != 1 {
                place += i * limit.strides()[d - missing];
            }
        }
        place
    };
    (0..shape.iter().product()).map(one).collect()
}

fn place(offset: u32, index: u32, axes: &[Axis]) -> u32 {
    let (mut at, mut rest) = (offset, index);
    for axis in axes.iter().rev() {
        at += rest % axis.size * axis.source_stride;
        rest /= axis.size;
    }
    at
}

fn inside(window: Option<Window>, at: u32) -> usize {
    let window = window.expect("a window");
    assert!(4 * u64::from(at) + 4 <= window.size, "{at} is outside {window:?}");
    (window.offset / 4) as usize + at as usize
}

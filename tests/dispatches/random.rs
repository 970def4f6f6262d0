//! Random requests and devices, the same in every run.

use normproj::plan::profile::GpuLimits;
use normproj::{Axes, DType, Layout, Norm, Projection, Request, reference};

pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Limits that cut small tensors into many slabs and pieces.
    pub fn limits(&mut self) -> GpuLimits {
        GpuLimits {
            invocations: self.pick(&[64, 96, 128, 256, 1024]),
            workgroup_memory: self.pick(&[16 << 10, 48 << 10]),
            workgroups: self.pick(&[300, 65_535]),
            binding_bytes: self.pick(&[1 << 12, 5000, 1 << 13, 10_012, 1 << 14, 1 << 27]),
            buffer_bytes: 1 << 28,
            storage_buffers: self.pick(&[8, 12, 64]),
            windows: self.pick(&[2, 5, 32]),
            storage_alignment: self.pick(&[16, 32, 64, 256]),
            uniform_alignment: 256,
            dispatch_bytes: self.pick(&[1 << 12, 1 << 40]),
            busy_workgroups: self.pick(&[1, 16, 256]),
            doubles: true,
        }
    }

    /// Projections in place and out of place, reported or not, and norms.
    pub fn request(&mut self) -> Request {
        let shape = self.shape();
        let (axes, source) = (self.axes(shape.len()), self.layout(&shape));
        let projection = self.projection(axes);
        let request = match self.below(5) {
            0 => Request::in_place(projection, source),
            1 => Request::in_place(projection, source).with_report(),
            2 => Request::into(projection, source, self.layout(&shape)),
            3 => Request::into(projection, source, self.layout(&shape)).with_report(),
            _ => {
                let slices = reference::slices(axes, &shape).expect("valid axes").len();
                let norms = Layout::strided([slices], [1], self.below(70)).expect("one axis");
                Request::norms(Norm::L2, axes, source, norms)
            }
        };
        request.of(self.pick(&[DType::F32, DType::F16, DType::BF16]))
    }

    /// Planes along a direction, of which kept axes may have length 1.
    pub fn along(&mut self) -> Request {
        let shape = self.shape();
        let (axes, source) = (self.axes(shape.len()), self.layout(&shape));
        let reduced = axes.resolve(&shape).expect("valid axes");
        let shared = self.pick(&[0, 0, 1, 2]);
        let size = |d: usize, random: &mut Random| match shared {
            1 if !reduced[d] => 1,
            2 if !reduced[d] && random.below(2) == 0 => 1,
            _ => shape[d],
        };
        let along: Vec<usize> = (0..shape.len()).map(|d| size(d, self)).collect();
        let request = self.stored(Projection::hyperplane(1.0, axes), source);
        let request = request.along(self.layout(&along));
        request.of(self.pick(&[DType::F32, DType::F16, DType::BF16]))
    }

    /// Projections whose radii are in memory, or whose limits are.
    pub fn beside(&mut self) -> Request {
        let shape = self.shape();
        let (axes, source) = (self.axes(shape.len()), self.layout(&shape));
        let dtype = self.pick(&[DType::F32, DType::F16, DType::BF16]);
        if self.below(3) == 0 {
            let limits = [self.spread(&shape), self.spread(&shape)];
            let request = self.stored(Projection::bounds(-1.0, 1.0), source);
            return request.with_limits(limits[0], limits[1]).of(dtype);
        }
        let reduced = axes.resolve(&shape).expect("valid axes");
        let kept: Vec<usize> =
            (0..shape.len()).filter(|&d| !reduced[d]).map(|d| shape[d]).collect();
        let slices = kept.iter().product();
        let radii = match self.below(4) {
            0 => self.layout(&[1]),
            1 => self.layout(&[slices]),
            _ => self.layout(&kept),
        };
        let projection = match self.below(8) {
            0 => Projection::simplex(1.0, axes),
            1 => Projection::ball(Norm::Linf, 1.0, axes),
            2 => Projection::min_max_norm(1.0, 2.0, axes),
            _ => Projection::max_norm(1.0, axes),
        };
        self.stored(projection, source).with_radii(radii).of(dtype)
    }

    /// In place or into another view, reported or not.
    fn stored(&mut self, projection: Projection, source: Layout) -> Request {
        match self.below(3) {
            0 => Request::in_place(projection, source),
            1 => Request::in_place(projection, source).with_report(),
            _ => Request::into(projection, source, self.layout(source.shape())),
        }
    }

    /// A view that is spread over a shape: some axes have length 1, and some of the first are missing.
    fn spread(&mut self, shape: &[usize]) -> Layout {
        let first = if self.below(4) == 0 { self.below(shape.len() + 1) } else { 0 };
        let one = self.below(3) == 0;
        let sizes: Vec<usize> = shape[first..]
            .iter()
            .map(|&size| if one || self.below(4) == 0 { 1 } else { size })
            .collect();
        self.layout(&sizes)
    }

    /// Most often scaled; a search takes many dispatches.
    fn projection(&mut self, axes: Axes) -> Projection {
        match self.below(12) {
            0 => Projection::ball(Norm::L1, 1.0, axes),
            1 => Projection::bounds(-1.0, 1.0),
            2 => Projection::unit_norm(axes),
            _ => Projection::max_norm(1.0, axes),
        }
    }

    fn shape(&mut self) -> Vec<usize> {
        let rank = self.below(5);
        let mut shape: Vec<usize> = (0..rank).map(|_| 1 + self.below(7)).collect();
        // One long axis, most often a multiple of four, and at times none at all.
        if rank > 0 {
            let long = 4 * (1 + self.below(200));
            let odd = self.below(4) == 0;
            shape[self.below(rank)] = if odd { long + 1 } else { long };
            if self.below(20) == 0 {
                shape[self.below(rank)] = self.pick(&[0, 1, 4, 2000]);
            }
        }
        while shape.iter().product::<usize>() > 8_000 {
            shape.iter_mut().for_each(|size| *size = size.div_ceil(2));
        }
        shape
    }

    fn axes(&mut self, rank: usize) -> Axes {
        let list: Vec<i32> = (0..rank as i32).filter(|_| self.below(2) == 0).collect();
        Axes::from(list.as_slice())
    }

    /// Any order in memory, with gaps or without, from any offset.
    fn layout(&mut self, shape: &[usize]) -> Layout {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        if self.below(3) == 0 {
            (1..order.len()).for_each(|d| order.swap(d, self.below(d + 1)));
        }
        let gap = self.pick(&[0, 0, 0, 1, 4]);
        let mut stride = self.pick(&[1, 1, 1, 1, 2, 3, 4]);
        let mut strides = vec![0; shape.len()];
        for &d in order.iter().rev() {
            strides[d] = stride;
            stride = stride * shape[d].max(1) + gap;
        }
        let offset = self.pick(&[0, 0, 4, 64, 3, 129]);
        Layout::strided(shape, strides, offset).expect("it does not overlap itself")
    }
}

//! `shaders/walk` on the host, word for word.

use normproj::plan::geometry::Walk;
use normproj::shader::params::Params;
use normproj::shader::variant::Variant;

/// Where the slices of a lane are.
#[derive(Clone, Copy, Default)]
pub struct Place {
    pub inside: bool,
    pub source: u32,
    pub output: u32,
    pub slice: u32,
}

/// A program and the parameters of one dispatch of it.
pub struct Walker<'a> {
    pub variant: &'a Variant,
    pub params: &'a Params,
}

impl Walker<'_> {
    fn tile_fastest(&self) -> bool {
        match self.variant.walk {
            Walk::Rows => false,
            Walk::Columns => true,
            Walk::Strided => self.variant.tile_fastest,
        }
    }

    pub fn fan_position(&self, lane: u32) -> u32 {
        if self.tile_fastest() { lane / self.variant.tile } else { lane % self.variant.fan }
    }

    /// The first lane of the fan, which stands for all of it.
    pub fn leader(&self, lane: u32) -> u32 {
        let stride = if self.tile_fastest() { self.variant.tile } else { 1 };
        lane - self.fan_position(lane) * stride
    }

    pub fn place(&self, tile: u32, lane: u32) -> Place {
        let (params, size) = (self.params, self.variant.tile);
        let start = |inside| Place {
            inside,
            source: params.source_offset,
            output: params.target_offset,
            slice: params.first_slice,
        };
        if self.variant.walk == Walk::Columns {
            let run = params.kept[params.kept_rank as usize - 1].size;
            let tiles = run.div_ceil(size);
            let column = tile % tiles * size + lane % size;
            let mut here = start(column < run && tile < params.tiles);
            here.source += column;
            here.output += column;
            here.slice += column * self.width();
            return self.kept(here, tile / tiles, params.kept_rank - 1);
        }
        let within = if self.tile_fastest() { lane % size } else { lane / self.variant.fan };
        let index = tile * size + within;
        self.kept(start(index < params.slices_here), index, params.kept_rank)
    }

    fn kept(&self, mut here: Place, index: u32, axes: u32) -> Place {
        let mut rest = index;
        for axis in self.params.kept[..axes as usize].iter().rev() {
            let i = rest % axis.size;
            rest /= axis.size;
            // Places outside may wrap around; nothing is read there.
            here.source = here.source.wrapping_add(i * axis.source_stride);
            here.output = here.output.wrapping_add(i * axis.target_stride);
            here.slice = here.slice.wrapping_add(i * axis.slice_stride);
        }
        here
    }

    /// The load of the source and of the target that a step is.
    pub fn at(&self, here: Place, step: u32) -> (u32, u32) {
        let params = self.params;
        match self.variant.walk {
            Walk::Rows => (here.source + step, here.output + step),
            Walk::Columns => {
                let axis = params.reduced[0];
                (here.source + step * axis.source_stride, here.output + step * axis.target_stride)
            }
            Walk::Strided => {
                let (mut at, mut rest) = ((here.source, here.output), step);
                for axis in params.reduced[..params.reduced_rank as usize].iter().rev() {
                    let i = rest % axis.size;
                    at = (at.0 + i * axis.source_stride, at.1 + i * axis.target_stride);
                    rest /= axis.size;
                }
                at
            }
        }
    }

    /// Where the direction of a slice begins: `shaders/along/place`.
    pub fn direction_of(&self, here: Place) -> u32 {
        let params = self.params;
        let (mut at, mut rest) = (params.direction_offset, here.slice - params.first_slice);
        for d in 0..params.kept_rank as usize {
            let stride = params.kept[d].slice_stride;
            let last = d + 1 == params.kept_rank as usize;
            let i = rest / stride / if last { self.slices() } else { 1 };
            rest %= stride;
            at += i * params.direction_kept[d / 4][d % 4];
        }
        at
    }

    /// The load of the direction that a step is: `shaders/along/run`, `shaders/along/axes`.
    pub fn direction_at(&self, first: u32, step: u32) -> u32 {
        let params = self.params;
        if self.variant.walk != Walk::Strided {
            return first + step * params.direction_reduced[0][0];
        }
        let (mut at, mut rest) = (first, step);
        for d in (0..params.reduced_rank as usize).rev() {
            let size = params.reduced[d].size;
            at += rest % size * params.direction_reduced[d / 4][d % 4];
            rest /= size;
        }
        at
    }

    /// Elements for each load.
    pub fn width(&self) -> u32 {
        use normproj::shader::variant::Lane;
        if self.variant.lane == Lane::One { 1 } else { 4 }
    }

    /// Slices for each lane.
    pub fn slices(&self) -> u32 {
        if self.variant.walk == Walk::Columns { self.width() } else { 1 }
    }
}

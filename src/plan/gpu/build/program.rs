//! Which program a dispatch runs, and where its norms go.

use super::Builder;
use crate::dtype::Precision;
use crate::plan::geometry::Walk;
use crate::plan::gpu::legal::tile_fastest;
use crate::plan::gpu::steps::Window;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Tiling;
use crate::shader::variant::{
    Direction, Kernel, Lane, Optimizer, Pack, Radius, Rows, SetKind, Storage, Variant, Verdict,
};

impl Builder<'_> {
    pub(super) fn variant(&self, kernel: Kernel, storage: Storage, verdict: Verdict) -> Variant {
        let Tiling { walk, width, tile, fan } = self.tiling;
        let lane = match (walk, width) {
            (_, 1) => Lane::One,
            (Walk::Columns, _) => Lane::FourColumns,
            _ => Lane::FourInRow,
        };
        let tile_fastest = walk == Walk::Strided && tile_fastest(self.geometry);
        let (norm, set) = self.kinds;
        Variant {
            kernel,
            norm,
            // What is summed does not depend on what is done afterwards.
            set: match set {
                _ if kernel == Kernel::Partial => SetKind::Ball,
                SetKind::Limits if !kernel.asks_radii(verdict) => SetKind::Ball,
                set => set,
            },
            pack: if kernel.touches_tensor() { self.pack } else { Pack::alone(self.precision()) },
            lane,
            walk,
            storage,
            direction: match kernel.touches_direction() {
                true => Direction::Apart,
                false => Direction::None,
            },
            verdict,
            rows: match self.geometry.table {
                Some(_) if kernel.asks_rows() => Rows::Apart,
                _ => Rows::All,
            },
            radius: match self.radii {
                Some(_) if kernel.asks_radii(verdict) => Radius::Read,
                _ => Radius::Uniform,
            },
            optimizer: match (kernel, self.request.update) {
                (Kernel::Resident | Kernel::Partial, Some((update, _))) => update.memory().into(),
                (Kernel::Rescale, Some(_)) => Optimizer::Done,
                _ => Optimizer::None,
            },
            copy: match kernel {
                Kernel::Resident | Kernel::Partial | Kernel::Rescale => {
                    self.request.copy.map(|(_, dtype)| dtype.into())
                }
                _ => None,
            },
            tile,
            fan,
            held: 0,
            tile_fastest,
            counted: false,
        }
    }

    pub(super) fn precision(&self) -> Precision {
        self.pack.precision()
    }

    pub(super) fn storage(&self) -> Storage {
        match self.request.output {
            Output::InPlace => Storage::InPlace,
            Output::Into(_) => Storage::Into,
            Output::Norms(_) => Storage::ReadOnly,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.request.output {
            Output::Norms(_) => Verdict::Norm,
            _ if self.request.report => Verdict::Store,
            _ => Verdict::None,
        }
    }

    pub(super) fn verdict_of_decide(&self) -> Verdict {
        match self.request.output {
            Output::Norms(_) => Verdict::Norm,
            _ if self.kinds.1 == SetKind::Shrink => Verdict::Begin,
            _ => Verdict::Store,
        }
    }

    /// Where the slab's first norm is within the window that is bound.
    pub(super) fn norm_base(&self, first_norm: u64) -> u32 {
        match &self.request.output {
            Output::Norms(norms) => {
                let size = size_of_norm(self.request);
                let byte = size * (norms.offset() as u64 + first_norm);
                (byte % u64::from(self.limits.storage_alignment) / size) as u32
            }
            _ => first_norm as u32,
        }
    }

    pub(super) fn norms_window(&self, first_norm: u64, slices: u64) -> Option<Window> {
        let Output::Norms(norms) = &self.request.output else { return None };
        let first = norms.offset() as u64 + first_norm;
        Some(Window::around(first, slices, self.request.target_dtype(), self.limits).0)
    }
}

/// The bytes of a norm that is written.
pub(super) fn size_of_norm(request: &Request) -> u64 {
    request.target_dtype().size() as u64
}

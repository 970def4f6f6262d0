//! Whether tensors are those of a request.

use super::Plan;
use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::plan::request::{Output, Task};

impl Plan {
    /// Refuses radii that are not those of the request, and a tensor that has them in its own elements.
    pub(crate) fn check_radii(
        &self,
        radii: Option<&DeviceBuffer>,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request = &self.request;
        let (planned, found) = (request.radii, radii.map(|radii| *radii.layout()));
        if planned != found {
            let reason = format!("planned radii {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        let Some(radii) = radii else { return Ok(()) };
        let expected = request.radii_dtype();
        if radii.dtype() != expected {
            let what = "the tensor of radii";
            return Err(Error::Dtype { what, expected, found: radii.dtype() });
        }
        if radii.shares_memory_with(target) {
            let written = (request.target(), request.target_dtype());
            return overlap((radii.layout(), radii.dtype()), written);
        }
        Ok(())
    }

    /// As [`Plan::check_radii`], of limits.
    pub(crate) fn check_limits(
        &self,
        limits: Option<[&DeviceBuffer; 2]>,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request = &self.request;
        let (planned, found) = (request.limits, limits.map(|both| both.map(|one| *one.layout())));
        if planned != found {
            let reason = format!("planned limits {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        for limit in limits.into_iter().flatten() {
            let expected = request.radii_dtype();
            if limit.dtype() != expected {
                let what = "the tensor of limits";
                return Err(Error::Dtype { what, expected, found: limit.dtype() });
            }
            if limit.shares_memory_with(target) {
                let written = (request.target(), request.target_dtype());
                overlap((limit.layout(), limit.dtype()), written)?;
            }
        }
        Ok(())
    }

    /// Refuses tensors that are not those of the request.
    pub(crate) fn check_views(&self, source: &DeviceBuffer, target: &DeviceBuffer) -> Result<()> {
        let request = &self.request;
        for (planned, found) in
            [(&request.source, source.layout()), (request.target(), target.layout())]
        {
            if planned != found {
                let reason = format!("planned {planned:?}, got {found:?}");
                return Err(Error::PlanMismatch { reason });
            }
        }
        for (what, tensor, expected) in
            [("the source", source, request.dtype), ("the target", target, request.target_dtype())]
        {
            if tensor.dtype() != expected {
                return Err(Error::Dtype { what, expected, found: tensor.dtype() });
            }
        }
        let same = source.shares_memory_with(target);
        match request.output {
            Output::InPlace if !same => {
                let reason = "it works in place, but two tensors were given".to_string();
                Err(Error::PlanMismatch { reason })
            }
            Output::Into(_) | Output::Norms(_) if same => {
                let target = (request.target(), request.target_dtype());
                overlap((&request.source, request.dtype), target)
            }
            _ => Ok(()),
        }
    }

    /// Refuses indices that are not those of the request, and a table that has them in its own elements.
    pub(crate) fn check_rows(
        &self,
        rows: Option<&DeviceBuffer>,
        table: &DeviceBuffer,
    ) -> Result<()> {
        let (planned, found) = (self.request.rows, rows.map(|rows| *rows.layout()));
        if planned != found {
            let reason = format!("planned indices {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        match rows {
            Some(rows) if rows.shares_memory_with(table) => {
                let written = (self.request.target(), self.request.target_dtype());
                overlap((rows.layout(), rows.dtype()), written)
            }
            _ => Ok(()),
        }
    }

    /// Refuses a direction that is not that of the request, or that shares elements with what is written.
    pub(crate) fn check_direction(
        &self,
        direction: Option<&DeviceBuffer>,
        written: &DeviceBuffer,
    ) -> Result<()> {
        let what = || match self.request.task {
            Task::Project(projection) => projection.set().to_string(),
            Task::Norms { norm, .. } => format!("the {norm} norm"),
        };
        let (planned, found) = match (self.request.direction, direction) {
            (None, None) => return Ok(()),
            (Some(_), None) => return Err(Error::NoDirection { what: what() }),
            (None, Some(_)) => return Err(Error::UnusedDirection { what: what() }),
            (Some(planned), Some(found)) => (planned, found),
        };
        if planned != *found.layout() {
            let reason = format!("planned along {planned:?}, got {:?}", found.layout());
            return Err(Error::PlanMismatch { reason });
        }
        let (expected, of) = (self.request.dtype, found.dtype());
        if of != expected {
            return Err(Error::Dtype { what: "the direction", expected, found: of });
        }
        if found.shares_memory_with(written) {
            let target = (self.request.target(), self.request.target_dtype());
            overlap((&planned, expected), target)?;
        }
        Ok(())
    }

    /// Refuses a gradient that is not that of the request, or that shares elements with the weights.
    pub(crate) fn check_gradient(
        &self,
        gradient: &DeviceBuffer,
        weights: &DeviceBuffer,
    ) -> Result<()> {
        let (expected, found) = (self.request.dtype, gradient.dtype());
        if found != expected {
            return Err(Error::Dtype { what: "the gradient", expected, found });
        }
        if gradient.shares_memory_with(weights) {
            overlap((gradient.layout(), found), (&self.request.source, expected))?;
        }
        Ok(())
    }
}

/// Refuses views of one memory whose ranges of bytes meet; interleaved views count as meeting.
fn overlap(
    (source, source_dtype): (&Layout, DType),
    (target, target_dtype): (&Layout, DType),
) -> Result<()> {
    let bytes =
        |layout: &Layout, dtype: DType| dtype.size() * layout.offset()..dtype.size() * layout.end();
    let (s, t) = (bytes(source, source_dtype), bytes(target, target_dtype));
    if s.is_empty() || t.is_empty() || s.end <= t.start || t.end <= s.start {
        return Ok(());
    }
    Err(Error::Overlap {
        source_range: (source.offset(), source.end() - 1),
        target_range: (target.offset(), target.end() - 1),
    })
}

//! Boxes whose bounds are tensors in device memory.

use super::Context;
use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::projection::Projection;

impl Context {
    /// Bounds elements in place by tensors in device memory, which are read there:
    /// [`Request::with_limits`](crate::Request::with_limits) says what they mean. The projection is
    /// [`Projection::bounds`], whose own numbers hold beside.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[-3.0, 0.5, 2.0, 5.0], [2, 2])?;
    /// let low = context.upload(&[-1.0, 1.0], [2])?; // for each column
    /// let high = context.upload(&[1.0], [])?; // for all
    /// let bounds = Projection::bounds(f64::NEG_INFINITY, f64::INFINITY);
    /// context.project_with_limits(&bounds, &x, &low, &high)?;
    /// assert_eq!(x.read()?, [-1.0, 1.0, 1.0, 1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::NoLimits`](crate::Error::NoLimits) for other sets;
    /// [`Error::Shape`](crate::Error::Shape) for limits that do not spread over the tensor;
    /// [`Error::Dtype`](crate::Error::Dtype); [`Error::Overlap`](crate::Error::Overlap) if the tensor
    /// overlaps one.
    pub fn project_with_limits(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        low: &DeviceBuffer,
        high: &DeviceBuffer,
    ) -> Result<()> {
        let request = Request::in_place(*projection, *tensor.layout()).of(tensor.dtype());
        self.carry_out(&request, tensor, tensor, Operands::limits(low, high)).map(drop)
    }

    /// [`Context::project_with_limits`] with a report that can be waited for, any time later.
    ///
    /// # Errors
    /// As [`Context::project_with_limits`].
    pub fn project_with_limits_reported(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        low: &DeviceBuffer,
        high: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *tensor.layout()).of(tensor.dtype());
        self.carry_out(&request.with_report(), tensor, tensor, Operands::limits(low, high))
    }

    /// [`Context::run`] with the lower and upper limits of a plan that has some.
    ///
    /// # Errors
    /// As [`Context::run`].
    pub fn run_with_limits(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        low: &DeviceBuffer,
        high: &DeviceBuffer,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands::limits(low, high))
    }
}

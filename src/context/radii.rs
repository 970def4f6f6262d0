//! Projections whose radii are in device memory.

use super::Context;
use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::projection::Projection;

impl Context {
    /// [`Context::project`] with radii in device memory, one for each slice or one for all, which are read
    /// there: [`Request::with_radii`](crate::Request::with_radii) says what they mean.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 4.0, 6.0, 8.0], [2, 2])?;
    /// let radii = context.upload(&[1.0, f32::INFINITY], [2])?;
    /// context.project_with_radii(&Projection::max_norm(1.0, 1), &weights, &radii)?;
    /// let host = weights.read()?;
    /// assert!((host[1] - 0.8).abs() < 1e-6);
    /// assert_eq!(host[2..], [6.0, 8.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::NoRadii`](crate::Error::NoRadii) for sets that take none; [`Error::RadiusCount`](crate::Error::RadiusCount);
    /// [`Error::Dtype`](crate::Error::Dtype); [`Error::Overlap`](crate::Error::Overlap) if the tensor overlaps them.
    pub fn project_with_radii(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<()> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request, buffer, buffer, Operands::radii(radii)).map(drop)
    }

    /// [`Context::project_with_radii`] with a report.
    ///
    /// # Errors
    /// As [`Context::project_with_radii`].
    pub fn project_with_radii_reported(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request.with_report(), buffer, buffer, Operands::radii(radii))
    }

    /// [`Context::project_into`] with radii in device memory, as [`Context::project_with_radii`].
    ///
    /// # Errors
    /// As both.
    pub fn project_into_with_radii(
        &self,
        projection: &Projection,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::into(*projection, *source.layout(), *target.layout()).of(source.dtype());
        self.carry_out(&request, source, target, Operands::radii(radii)).map(drop)
    }

    /// [`Context::run`] with the radii of a plan that has some.
    ///
    /// # Errors
    /// As [`Context::run`].
    pub fn run_with_radii(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        radii: Option<&DeviceBuffer>,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands { radii, ..Operands::default() })
    }
}

//! Projections along a direction: hyperplanes, half-spaces, lines.

use super::Context;
use crate::axes::Axes;
use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::projection::Projection;

impl Context {
    /// Projects in place along a direction: onto a [`hyperplane`](Projection::hyperplane), into a
    /// [`half_space`](Projection::half_space) or onto a [`line`](Projection::line). The direction has the
    /// dtype of the tensor and its shape, or axes of length 1 where slices share it; it keeps its bits. On a
    /// GPU the work is queued and the host does not wait.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[3.0, 1.0, 4.0, 4.0], [2, 2])?;
    /// let a = context.upload(&[1.0, 1.0, 0.0, 2.0], [2, 2])?; // a direction for each row
    /// context.project_along(&Projection::hyperplane(2.0, 1), &x, &a)?;
    /// assert_eq!(x.read()?, [2.0, 0.0, 4.0, 1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::UnusedDirection`](crate::Error::UnusedDirection) for a set that
    /// needs none, [`Error::Shape`](crate::Error::Shape) and [`Error::Dtype`](crate::Error::Dtype) for one
    /// that does not fit, [`Error::Overlap`](crate::Error::Overlap) if it shares elements with the tensor.
    pub fn project_along(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        direction: &DeviceBuffer,
    ) -> Result<()> {
        let request = of(*projection, tensor);
        self.carry_out(&request, tensor, tensor, Operands::along(direction)).map(drop)
    }

    /// [`Context::project_along`] with a report that can be waited for, any time later.
    ///
    /// # Errors
    /// As [`Context::project_along`].
    pub fn project_along_reported(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        direction: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = of(*projection, tensor).with_report();
        self.carry_out(&request, tensor, tensor, Operands::along(direction))
    }

    /// [`Context::project_along`] of `source` into `target`, of the same shape; the source keeps its bits.
    ///
    /// # Errors
    /// As [`Context::project_along`].
    pub fn project_into_along(
        &self,
        projection: &Projection,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        direction: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::into(*projection, *source.layout(), *target.layout()).of(source.dtype());
        self.carry_out(&request, source, target, Operands::along(direction)).map(drop)
    }

    /// [`Context::project_along`] with offsets of planes in device memory, one for each slice or one for all,
    /// which are read there: slice i has the offset `b·rᵢ`, b that of the projection. Where that is NaN or
    /// infinite, but for +∞ of a half-space, the slice keeps every bit, and a report counts it.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[3.0, 1.0, 4.0, 4.0], [2, 2])?;
    /// let a = context.upload(&[1.0, 1.0], [1, 2])?;
    /// let b = context.upload(&[2.0, -2.0], [2])?;
    /// context.project_along_with_radii(&Projection::hyperplane(1.0, 1), &x, &a, &b)?;
    /// assert_eq!(x.read()?, [2.0, 0.0, -1.0, -1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project_along`] and [`Context::project_with_radii`]; a line has no offset, and takes none.
    pub fn project_along_with_radii(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        direction: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<()> {
        let request = of(*projection, tensor);
        let operands = Operands { radii: Some(radii), ..Operands::along(direction) };
        self.carry_out(&request, tensor, tensor, operands).map(drop)
    }

    /// [`Context::project_along_with_radii`] with a report.
    ///
    /// # Errors
    /// As [`Context::project_along_with_radii`].
    pub fn project_along_with_radii_reported(
        &self,
        projection: &Projection,
        tensor: &DeviceBuffer,
        direction: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = of(*projection, tensor).with_report();
        let operands = Operands { radii: Some(radii), ..Operands::along(direction) };
        self.carry_out(&request, tensor, tensor, operands)
    }

    /// Removes from every slice of `tensor` its component along the slice of `other`:
    /// `g − (⟨g, w⟩ / ‖w‖²)·w`, the projection onto `{y : ⟨w, y⟩ = 0}`. Where dictionaries have rows of unit
    /// norm, as those of sparse autoencoders, it keeps their gradients tangential to the sphere.
    ///
    /// The same as [`Context::project_along`] of [`Projection::hyperplane`] with offset 0.
    ///
    /// ```
    /// use normproj::Context;
    /// let context = Context::cpu();
    /// let gradient = context.upload(&[3.0, 1.0], [1, 2])?;
    /// let weights = context.upload(&[1.0, 0.0], [1, 2])?;
    /// context.remove_component(&gradient, &weights, 1)?;
    /// assert_eq!(gradient.read()?, [0.0, 1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project_along`].
    pub fn remove_component(
        &self,
        tensor: &DeviceBuffer,
        other: &DeviceBuffer,
        axes: impl Into<Axes>,
    ) -> Result<()> {
        self.project_along(&Projection::hyperplane(0.0, axes), tensor, other)
    }

    /// [`Context::run`] of a plan along a direction.
    ///
    /// # Errors
    /// As [`Context::run`]; [`Error::UnusedDirection`](crate::Error::UnusedDirection).
    pub fn run_along(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        direction: &DeviceBuffer,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands::along(direction))
    }

    /// [`Context::run_along`] with the offsets of a plan that has some in device memory.
    ///
    /// # Errors
    /// As [`Context::run_along`].
    pub fn run_along_with_radii(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        direction: &DeviceBuffer,
        radii: Option<&DeviceBuffer>,
    ) -> Result<PendingReport> {
        let operands = Operands { radii, ..Operands::along(direction) };
        self.run_operands(plan, source, target, operands)
    }
}

fn of(projection: Projection, tensor: &DeviceBuffer) -> Request {
    Request::in_place(projection, *tensor.layout()).of(tensor.dtype())
}

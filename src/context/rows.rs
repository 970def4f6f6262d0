//! Projections of the rows that indices name.

use super::Context;
use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::indices::Indices;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::projection::Projection;

impl Context {
    /// Projects the rows of a table in place that indices in device memory name, each once however often it
    /// is named: of an embedding, those that a batch looked up. The axes of the projection must be all but
    /// axis 0. On a GPU the work is queued, the host does not wait, and which rows it is stays on the device.
    ///
    /// An index that is negative or beyond the last row cannot be refused without a wait: it is ignored, and a
    /// report counts it ([`Report::out_of_range`](crate::Report::out_of_range)).
    ///
    /// The same promises as of [`Context::project`] for the rows that are named; all others keep every bit,
    /// and are not read. Cost: two small dispatches beside those of the projection, 4 bytes of scratch for each
    /// row of the table, 12 bytes an index, and of the rows that are named what the projection costs.
    ///
    /// `torch.embedding_renorm_`, which `nn.Embedding(max_norm=c)` calls in every forward pass:
    ///
    /// ```
    /// use normproj::{Compat, Context, Indices, Projection};
    /// let context = Context::cpu();
    /// let table = context.upload(&[3.0, 4.0, 6.0, 8.0, 0.3, 0.4], [3, 2])?;
    /// let indices = Indices::upload(&context, &[1i32, 2, 1])?;
    /// context.project_rows(&Projection::max_norm(1.0, 1).compat(Compat::Torch), &table, &indices)?;
    /// let host = table.read()?;
    /// assert_eq!(host[..2], [3.0, 4.0]); // not named
    /// assert!((host[2] - 0.6).abs() < 1e-6 && host[4..] == [0.3, 0.4]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::PlanMismatch`](crate::Error::PlanMismatch) for other axes,
    /// [`Error::Overlap`](crate::Error::Overlap) if the table overlaps the indices,
    /// [`Error::Unsupported`](crate::Error::Unsupported) on a GPU for a row or 4 bytes for each of them that
    /// exceed a binding.
    pub fn project_rows(
        &self,
        projection: &Projection,
        table: &DeviceBuffer,
        indices: &Indices,
    ) -> Result<()> {
        let request = Request::in_place(*projection, *table.layout()).of(table.dtype());
        self.carry_out(&request, table, table, Operands::rows(indices)).map(drop)
    }

    /// [`Context::project_rows`] with a report: its slices are the rows that are named, each once, and the
    /// first that is not finite is a row of the table.
    ///
    /// # Errors
    /// As [`Context::project_rows`].
    pub fn project_rows_reported(
        &self,
        projection: &Projection,
        table: &DeviceBuffer,
        indices: &Indices,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *table.layout()).of(table.dtype());
        self.carry_out(&request.with_report(), table, table, Operands::rows(indices))
    }

    /// [`Context::run`] of a plan of rows that indices name.
    ///
    /// # Errors
    /// As [`Context::run`].
    pub fn run_rows(
        &self,
        plan: &Plan,
        table: &DeviceBuffer,
        indices: &Indices,
    ) -> Result<PendingReport> {
        self.run_operands(plan, table, table, Operands::rows(indices))
    }
}

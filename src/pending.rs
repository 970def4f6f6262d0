//! A report that may not be there yet.

use crate::error::{Error, Result};
use crate::gpu::PendingSummaries;
use crate::report::Report;

/// A report that may not be there yet. Dropping it unread costs nothing.
#[derive(Debug)]
#[must_use = "a report does nothing unless it is waited for; drop it to ignore it"]
pub struct PendingReport {
    state: State,
}

#[derive(Debug)]
enum State {
    Ready(Option<Report>),
    Summaries(PendingSummaries),
}

impl PendingReport {
    pub(crate) fn ready(report: Option<Report>) -> Self {
        PendingReport { state: State::Ready(report) }
    }

    pub(crate) fn summaries(pending: PendingSummaries) -> Self {
        PendingReport { state: State::Summaries(pending) }
    }

    /// Waits for the work to finish and gives the report.
    ///
    /// # Errors
    /// [`Error::NoReport`] if the request was planned without one; [`Error::NotSubmitted`] if the
    /// commands that write it were dropped or not submitted; [`Error::DeviceLost`].
    pub fn wait(self) -> Result<Report> {
        pollster::block_on(self.wait_async())
    }

    /// [`PendingReport::wait`] as a future. On the web it yields to the event loop; natively somebody
    /// must poll the device, so the first poll of this future does, until all work that was
    /// submitted is done.
    ///
    /// # Errors
    /// As [`PendingReport::wait`].
    pub async fn wait_async(self) -> Result<Report> {
        match self.state {
            State::Ready(report) => report.ok_or(Error::NoReport),
            State::Summaries(pending) => pending.report().await,
        }
    }
}

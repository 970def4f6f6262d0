//! What a clip did.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::gpu::PendingVerdicts;

/// The norm of one tensor or of all of them, before the clip, and what followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The norm, in f64: it may exceed f32. NaN where there was a NaN, else infinite where there
    /// was an infinity.
    pub norm: f64,
    /// What the elements were multiplied by; 1 if they were kept or replaced.
    pub scale: f64,
}

impl Verdict {
    /// Whether every element was finite.
    pub fn is_finite(&self) -> bool {
        self.norm.is_finite()
    }

    /// Half of the square of the norm: of the L2 norm, `tf.nn.l2_loss`.
    pub fn half_square(&self) -> f64 {
        0.5 * self.norm * self.norm
    }
}

/// What a clip did to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupReport {
    pub(crate) names: Arc<[String]>,
    pub(crate) total: Verdict,
    pub(crate) tensors: Vec<Verdict>,
}

impl GroupReport {
    /// All tensors as one vector. Where each tensor was clipped by its own norm nothing was scaled
    /// by this one, and its factor is 1.
    pub fn total(&self) -> Verdict {
        self.total
    }

    /// Each tensor, in the order of the model; of [`Examples`](crate::Examples) each example, by its
    /// number.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = (&str, Verdict)> {
        self.names.iter().map(String::as_str).zip(self.tensors.iter().copied())
    }

    /// Whether anything was scaled down: all tensors, or one by its own norm.
    pub fn clipped(&self) -> bool {
        self.total.scale < 1.0 || self.tensors.iter().any(|tensor| tensor.scale < 1.0)
    }

    /// How many tensors, or examples, were scaled down.
    pub fn scaled(&self) -> usize {
        self.tensors.iter().filter(|tensor| tensor.scale < 1.0).count()
    }

    /// How many tensors hold NaN or infinity.
    pub fn non_finite(&self) -> usize {
        self.tensors.iter().filter(|tensor| !tensor.is_finite()).count()
    }

    /// The first of those.
    pub fn first_non_finite(&self) -> Option<&str> {
        let place = self.tensors.iter().position(|tensor| !tensor.is_finite())?;
        Some(&self.names[place])
    }

    /// The report itself, unless a tensor held NaN or infinity.
    ///
    /// # Errors
    /// [`Error::NonFinite`] with the name of the first; `error_if_nonfinite` of torch.
    pub fn checked(self) -> Result<Self> {
        match self.first_non_finite() {
            None if self.total.is_finite() => Ok(self),
            None => Err(Error::NonFinite { name: "the norm".to_string(), count: 0 }),
            Some(name) => {
                Err(Error::NonFinite { name: name.to_string(), count: self.non_finite() })
            }
        }
    }
}

/// A [`GroupReport`] that may not be there yet. Dropping it unread costs nothing.
#[derive(Debug)]
#[must_use = "a report does nothing unless it is waited for; drop it to ignore it"]
pub struct PendingGroupReport {
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Ready(Box<GroupReport>),
    /// Clipping by value has none.
    None,
    Verdicts(PendingVerdicts),
}

impl PendingGroupReport {
    pub(crate) fn ready(report: GroupReport) -> Self {
        PendingGroupReport { state: State::Ready(Box::new(report)) }
    }

    pub(crate) fn verdicts(pending: PendingVerdicts) -> Self {
        PendingGroupReport { state: State::Verdicts(pending) }
    }

    pub(crate) fn none() -> Self {
        PendingGroupReport { state: State::None }
    }

    /// Waits for the work to finish and gives the report.
    ///
    /// # Errors
    /// [`Error::NoReport`] of a clip by value; [`Error::NotSubmitted`] if the commands that write it
    /// were dropped or not submitted; [`Error::DeviceLost`].
    pub fn wait(self) -> Result<GroupReport> {
        pollster::block_on(self.wait_async())
    }

    /// [`PendingGroupReport::wait`] as a future; see
    /// [`PendingReport::wait_async`](crate::PendingReport::wait_async).
    ///
    /// # Errors
    /// As [`PendingGroupReport::wait`].
    pub async fn wait_async(self) -> Result<GroupReport> {
        match self.state {
            State::Ready(report) => Ok(*report),
            State::None => Err(Error::NoReport),
            State::Verdicts(pending) => pending.report().await,
        }
    }
}

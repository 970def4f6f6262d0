//! Weight decay inside a clip.

use crate::error::{Error, Result};
use crate::model::{Filter, Model};

/// The gradient of `λ/2·‖w‖²` over filtered weights, `λ·w`, counted inside a clip: where the clip
/// reads a gradient `g` it takes `g + λ·w`, and `min(1, c/n)·(g + λ·w)` is what it writes.
///
/// Gradients and weights meet by name; those without a counterpart are not decayed, and if no name
/// is in both models nothing is, without an error. The sum is rounded once before anything
/// else, to f32 (of f64 to f64), in both passes alike. A clip at an infinite radius adds the decay and clips nothing;
/// [`Clip::norms`](crate::Clip::norms) counts it and writes nothing.
///
/// ```
/// use normproj::{Clip, Context, Decay, Filter, Group, Model};
/// let context = Context::cpu();
/// let (kernel, bias) = (context.upload(&[10.0], [1])?, context.upload(&[10.0], [1])?);
/// let weights = Model::new(&context, [("kernel", &kernel), ("bias", &bias)])?;
/// let gradients = Model::arena(&context, [("kernel", [1]), ("bias", [1])])?;
/// let decay = Decay::filtered(0.5, &weights, &Filter::all().exclude("*bias"))?;
/// let clip = Group::with_decay(Clip::global_norm(100.0), &gradients, &decay)?;
/// assert_eq!(clip.run()?.wait()?.total().norm, 5.0); // 0.5 · 10, and nothing of the bias
/// assert_eq!(gradients.tensors()[0].read()?, [5.0]); // written, though nothing is clipped
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decay {
    pub(crate) rate: f64,
    pub(crate) weights: Model,
}

impl Decay {
    /// Decay of all of these weights at the rate λ.
    pub fn new(rate: f64, weights: &Model) -> Self {
        Decay { rate, weights: weights.clone() }
    }

    /// Decay of those that a filter takes.
    ///
    /// # Errors
    /// [`Error::NoMatch`] for a pattern that matches no tensor.
    pub fn filtered(rate: f64, weights: &Model, filter: &Filter) -> Result<Self> {
        Ok(Decay { rate, weights: weights.filtered(filter)? })
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.rate {
            rate if rate >= 0.0 && (rate as f32).is_finite() => Ok(()),
            rate => Err(Error::DecayRate { rate }),
        }
    }
}

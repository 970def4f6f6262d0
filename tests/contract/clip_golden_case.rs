//! What is done with a golden case of clipping.

use normproj::{Clip, Compat, Error, GivenNorm, Norm};
use serde_json::Value;

use crate::golden_case::{Files, Golden, number};

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Run by the peer's formula and by our own, and both compared with the peer.
    Compared,
    /// Run, but judged by the oracle alone: the input is not finite, where our policies decide.
    NonFinite,
    /// Run, but judged by the oracle alone: the peer makes NaN or infinity of finite input.
    PeerFails,
    /// Our error is expected when the request is made.
    Refused,
    /// Our error is expected when the report is checked.
    RefusedByReport,
    /// Run and judged by the oracle alone: the peer refuses what is allowed here.
    OnlyThePeerRefuses,
    /// Bounds that are tensors: `limits` runs them.
    TensorBounds,
}

impl Fate {
    /// Whether the case is run to its end.
    pub fn runs(self) -> bool {
        use Fate::{Compared, NonFinite, OnlyThePeerRefuses, PeerFails};
        [Compared, NonFinite, PeerFails, OnlyThePeerRefuses].contains(&self)
    }
}

impl Golden {
    pub fn fate(&self, files: &Files) -> Fate {
        let error = self.expects_error.as_deref();
        if self.args.get("min").is_some_and(Value::is_null) {
            Fate::TensorBounds
        } else if error.is_some_and(|why| why.contains("is non-finite, so it cannot be clipped")) {
            Fate::RefusedByReport
        } else if error.is_some_and(|why| why.contains("infinity norm on an empty tensor")) {
            Fate::OnlyThePeerRefuses
        } else if error.is_some() || self.bound_is_refused() || self.norm().is_err() {
            Fate::Refused
        } else if self.clips_values() {
            // Exact for any input.
            Fate::Compared
        } else if !self.is_finite(files) {
            Fate::NonFinite
        } else if self.peer_fails(files) {
            Fate::PeerFails
        } else {
            Fate::Compared
        }
    }

    fn is_finite(&self, files: &Files) -> bool {
        let given = self.given().is_none_or(|given| given.is_finite());
        given && self.inputs.iter().all(|input| files.values(input).iter().all(|x| x.is_finite()))
    }

    /// Whether the peer makes NaN of finite tensors, or infinity where there is no overflow, and
    /// would in f64.
    fn peer_fails(&self, files: &Files) -> bool {
        let infinite = self.clip_radius() == Some(f64::INFINITY);
        let made_nan = |array| files.values(array).iter().any(|y| y.is_nan());
        self.outputs_f64peer.is_none()
            && (self.tagged("finite_in_nonfinite_out")
                || infinite && self.outputs.iter().any(made_nan))
    }

    pub fn tagged(&self, tag: &str) -> bool {
        self.tags.iter().any(|other| other == tag)
    }

    fn arg(&self, key: &str) -> Option<f64> {
        self.args.get(key).filter(|value| !value.is_null()).map(number)
    }

    fn given(&self) -> Option<f64> {
        self.arg("use_norm")
    }

    /// The radius, of clips by norm.
    pub fn clip_radius(&self) -> Option<f64> {
        self.arg("clip_norm").or(self.arg("max_norm"))
    }

    pub fn clips_values(&self) -> bool {
        self.bounds().is_some()
    }

    fn bounds(&self) -> Option<(f64, f64)> {
        let symmetric = self.arg("clip_value").or(self.arg("max_delta"));
        symmetric.map(|bound| (-bound, bound)).or(self.arg("min").zip(self.arg("max")))
    }

    fn bound_is_refused(&self) -> bool {
        // Not `< 0.0`: NaN is refused too.
        let negative = |value: Option<f64>| value.is_some_and(|value| !matches!(value, 0.0..));
        let crossed = self.bounds().is_some_and(|(low, high)| !matches!(high - low, 0.0..));
        negative(self.clip_radius()) || negative(self.given()) || crossed
    }

    pub fn norm(&self) -> Result<Norm, Error> {
        Norm::lp(self.arg("p").unwrap_or(2.0))
    }

    /// The peer, by the first word of the operation.
    pub fn compat(&self) -> Compat {
        match self.op.split('_').next() {
            Some("keras") => Compat::Keras,
            Some("tf") => Compat::TensorFlow,
            Some("torch") => Compat::Torch,
            Some("optax") => Compat::Optax,
            peer => panic!("{} is of {peer:?}", self.name),
        }
    }

    /// Our own clip of this case.
    pub fn clip(&self) -> Clip {
        let norm = self.norm().expect("a norm that there is");
        let clip = match (self.op.as_str(), self.clip_radius(), self.bounds()) {
            (_, _, Some((low, high))) => Clip::value(low, high),
            ("tf_clip_by_norm" | "keras_opt_clipnorm", Some(radius), _) => Clip::each_norm(radius),
            (_, Some(radius), _) => Clip::global_norm(radius),
            (_, None, None) => Clip::norms(norm),
        };
        let clip = clip.norm(norm);
        self.given().map_or(clip, |given| clip.use_norm(GivenNorm::Host(given)))
    }
}

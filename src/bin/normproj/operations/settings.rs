//! Settings of operations: an option of a command and a key of a rule, with one meaning and one text.

use normproj::{
    Axes, Clip, Compat, GivenNorm, Norm, OnNonFinite, Operation, Projection, Rounding, ZeroSlice,
};

use crate::parse;

/// A setting that operations may have.
#[derive(Debug)]
pub struct Setting {
    /// The long option, and the key.
    pub name: &'static str,
    pub value_name: &'static str,
    pub help: &'static str,
    /// What it is where it is not said, if that is worth saying.
    pub default: Option<&'static str>,
    read: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    /// The text of a value, if it is one; else what was expected.
    pub fn checked(&self, text: &str) -> Result<String, String> {
        Settings::over(Axes::All).set(self, text).map(|()| text.to_string())
    }
}

/// Every setting.
pub const ALL: [&Setting; 7] = [&NORM, &RATE, &USE_NORM, &ZERO, &COMPAT, &ROUNDING, &ON_NON_FINITE];

pub const NORM: Setting = Setting {
    name: "norm",
    value_name: "l1|l2|linf|P",
    help: "The norm; a number P, from 1/64 to 64, is that of (Σ |x|ᴾ)^(1/P)",
    default: Some("l2"),
    read: |settings, text| parse::norm(text).map(|norm| settings.norm = norm),
};

pub const RATE: Setting = Setting {
    name: "rate",
    value_name: "R",
    help: "Go that part of the way, from 0 to 1",
    default: Some("1"),
    read: |settings, text| parse::number(text).map(|rate| settings.rate = rate),
};

pub const USE_NORM: Setting = Setting {
    name: "use-norm",
    value_name: "N",
    help: "Take this as the norm of all tensors, instead of computing it",
    default: None,
    read: |settings, text| parse::number(text).map(|norm| settings.use_norm = Some(norm)),
};

pub const ZERO: Setting = Setting {
    name: "zero",
    value_name: "keep|e1",
    help: "What becomes of slices of zeros, which no factor brings to a norm: keep: they stay; e1: \
           their first element becomes the radius",
    default: Some("keep"),
    read: |settings, text| parse::zero(text).map(|zero| settings.zero = zero),
};

pub const COMPAT: Setting = Setting {
    name: "compat",
    value_name: "keras|tensorflow|torch|optax|burn",
    help: "Follow the formula of another system, with its epsilon",
    default: None,
    read: |settings, text| parse::compat(text).map(|compat| settings.compat = Some(compat)),
};

pub const ROUNDING: Setting = Setting {
    name: "rounding",
    value_name: "feasible|nearest|toward-zero",
    help: "feasible: what is scaled ends inside, and stays as it is the second time; nearest: it ends \
           at the rim, within rounding on either side; toward-zero: as feasible, and elements of 16 \
           bits are rounded toward zero",
    default: Some("feasible"),
    read: |settings, text| parse::rounding(text).map(|rounding| settings.rounding = rounding),
};

pub const ON_NON_FINITE: Setting = Setting {
    name: "on-non-finite",
    value_name: "leave|zero|propagate|poison",
    help: "What becomes of slices (of all that is clipped by one norm) with NaN or infinity: leave: \
           every bit is kept; zero; propagate: as x/∞ and NaN do; poison: all become NaN",
    default: Some("leave"),
    read: |settings, text| parse::on_non_finite(text).map(|policy| settings.on_non_finite = policy),
};

/// What is said of the axes and of the edges.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub axes: Axes,
    pub norm: Norm,
    rate: f64,
    use_norm: Option<f64>,
    zero: ZeroSlice,
    compat: Option<Compat>,
    rounding: Rounding,
    on_non_finite: OnNonFinite,
}

impl Settings {
    /// Nothing is said but the axes.
    pub fn over(axes: Axes) -> Self {
        Settings {
            axes,
            norm: Norm::L2,
            rate: 1.0,
            use_norm: None,
            zero: ZeroSlice::default(),
            compat: None,
            rounding: Rounding::default(),
            on_non_finite: OnNonFinite::default(),
        }
    }

    /// Reads one setting; an error says what was expected.
    pub fn set(&mut self, setting: &Setting, text: &str) -> Result<(), String> {
        (setting.read)(self, text)
    }

    /// An operation with all that is said. What it has not, it ignores.
    pub fn complete(&self, operation: Operation) -> Operation {
        match operation {
            Operation::Project(projection) => self.project(projection).into(),
            Operation::Clip(clip) => self.clip(clip).into(),
            other => other,
        }
    }

    fn project(&self, projection: Projection) -> Projection {
        let projection = projection
            .norm_in(self.norm)
            .rate(self.rate)
            .zero_slices(self.zero)
            .rounding(self.rounding)
            .on_non_finite(self.on_non_finite);
        self.compat.map_or(projection, |compat| projection.compat(compat))
    }

    fn clip(&self, clip: Clip) -> Clip {
        let clip = clip.norm(self.norm).rounding(self.rounding).on_non_finite(self.on_non_finite);
        let clip = self.compat.map_or(clip, |compat| clip.compat(compat));
        self.use_norm.map_or(clip, |norm| clip.use_norm(GivenNorm::Host(norm)))
    }
}

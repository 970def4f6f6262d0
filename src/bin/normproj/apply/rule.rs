//! One rule of a file.

use normproj::{Axes, AxisList, Clip, Compat, Norm, OnNonFinite, Operation, Projection, Rounding};
use serde::{Deserialize, Deserializer, de::Error};

use crate::options::{ClipOptions, EdgeOptions};
use crate::{clip_norm, parse};

/// The keys of a rule: a pattern, one operation, and settings of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    r#match: String,
    max_norm: Option<f64>,
    clip_norm: Option<f64>,
    clip_value: Option<[f64; 2]>,
    clip_global_norm: Option<f64>,
    leave: Option<bool>,
    tied: Option<bool>,
    axis: Option<AxesText>,
    keep: Option<AxesText>,
    #[serde(default, deserialize_with = "per_unit")]
    per_unit: Option<Axes>,
    #[serde(default, deserialize_with = "norm")]
    norm: Option<Norm>,
    #[serde(default, deserialize_with = "compat")]
    compat: Option<Compat>,
    #[serde(default, deserialize_with = "on_non_finite")]
    on_non_finite: Option<OnNonFinite>,
    #[serde(default, deserialize_with = "rounding")]
    rounding: Option<Rounding>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected axes such as 0, -1 or [0, 1], or \"all\", or \"each\"")]
enum AxesText {
    One(i32),
    Several(Vec<i32>),
    Word(String),
}

impl Rule {
    pub fn pattern(&self) -> &str {
        &self.r#match
    }

    /// What the rule says; what is wrong with it, if it makes no sense.
    pub fn operation(&self) -> Result<Operation, String> {
        let operations = [
            ("max-norm", self.max_norm.is_some()),
            ("clip-norm", self.clip_norm.is_some()),
            ("clip-value", self.clip_value.is_some()),
            ("clip-global-norm", self.clip_global_norm.is_some()),
            ("leave", self.leave.is_some()),
            ("tied", self.tied.is_some()),
        ];
        let said: Vec<&str> = operations.iter().filter(|(_, said)| *said).map(|o| o.0).collect();
        let [operation] = said[..] else {
            let all = operations.map(|(name, _)| name).join(", ");
            return Err(match said.is_empty() {
                true => format!("the rule says nothing; it needs one of {all}"),
                false => format!("one rule says one thing, not {}", said.join(" and ")),
            });
        };
        let axes = self.axes()?;
        if let Some(radius) = self.max_norm {
            self.only(operation, &["axis", "keep", "per-unit", "rounding", "on-non-finite"])?;
            let axes = axes.ok_or("max-norm needs axis, keep or per-unit")?;
            return Ok(self.edges().projection(Projection::max_norm(radius, axes)).into());
        }
        if let Some(radius) = self.clip_norm {
            return clip_norm::operation(radius, axes.unwrap_or(Axes::All), &self.clip());
        }
        if let Some(radius) = self.clip_global_norm {
            self.only(operation, &["norm", "compat", "rounding", "on-non-finite"])?;
            return Ok(self.clip().clip(Clip::global_norm(radius)).into());
        }
        self.only(operation, &[])?;
        if let Some([low, high]) = self.clip_value {
            return Ok(Clip::value(low, high).into());
        }
        match (self.leave, self.tied) {
            (Some(true), _) => Ok(Operation::Leave),
            (_, Some(true)) => Ok(Operation::Tied),
            _ => Err(format!("{operation} is true, or it is not said")),
        }
    }

    /// Refuses settings that an operation does not have.
    fn only(&self, operation: &str, settings: &[&str]) -> Result<(), String> {
        let said = [
            ("axis", self.axis.is_some()),
            ("keep", self.keep.is_some()),
            ("per-unit", self.per_unit.is_some()),
            ("norm", self.norm.is_some()),
            ("compat", self.compat.is_some()),
            ("on-non-finite", self.on_non_finite.is_some()),
            ("rounding", self.rounding.is_some()),
        ];
        match said.iter().find(|(name, said)| *said && !settings.contains(name)) {
            Some((name, _)) => Err(format!("{operation} has no {name}")),
            None => Ok(()),
        }
    }

    fn axes(&self) -> Result<Option<Axes>, String> {
        let axis = self.axis.as_ref().map(|axis| match axis {
            AxesText::One(axis) => Ok(Axes::from(*axis)),
            AxesText::Several(axes) => Ok(Axes::from(&axes[..])),
            AxesText::Word(word) => parse::axis(word),
        });
        let keep = self.keep.as_ref().map(|keep| match keep {
            AxesText::One(axis) => Ok(Axes::keep(*axis)),
            AxesText::Several(axes) => Ok(Axes::keep(AxisList::from(&axes[..]))),
            AxesText::Word(word) => parse::keep(word),
        });
        match (axis.transpose()?, keep.transpose()?, self.per_unit) {
            (axis, None, None) => Ok(axis),
            (None, keep, None) => Ok(keep),
            (None, None, per_unit) => Ok(per_unit),
            _ => Err("axis, keep and per-unit exclude each other".to_string()),
        }
    }

    fn edges(&self) -> EdgeOptions {
        EdgeOptions {
            rounding: self.rounding.unwrap_or_default(),
            on_non_finite: self.on_non_finite.unwrap_or_default(),
        }
    }

    fn clip(&self) -> ClipOptions {
        let norm = self.norm.unwrap_or(Norm::L2);
        ClipOptions { norm, compat: self.compat, edges: self.edges() }
    }
}

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(D::Error::custom)
}

fn per_unit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Axes>, D::Error> {
    parsed(deserializer, parse::per_unit)
}

fn norm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Norm>, D::Error> {
    parsed(deserializer, parse::norm)
}

fn compat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Compat>, D::Error> {
    parsed(deserializer, parse::compat)
}

fn on_non_finite<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OnNonFinite>, D::Error> {
    parsed(deserializer, parse::on_non_finite)
}

fn rounding<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rounding>, D::Error> {
    parsed(deserializer, parse::rounding)
}

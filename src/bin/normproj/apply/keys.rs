//! The keys of a rule, read from TOML.

use std::fmt;
use std::marker::PhantomData;

use normproj::{Axes, AxisList, Operation};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::rule::{Rule, Said, WORDS};
use crate::operations::settings::{self, Setting, Settings};
use crate::operations::{self, Make, Slices, Spec};
use crate::parse;

/// A key of a rule.
enum Key {
    Match,
    Operation(&'static Spec),
    Word(&'static str, Operation),
    Axis,
    Keep,
    PerUnit,
    Setting(&'static Setting),
}

impl Key {
    fn all() -> impl Iterator<Item = (&'static str, Key)> {
        let operations = operations::ALL
            .into_iter()
            .flat_map(|spec| spec.names().map(move |name| (name, Key::Operation(spec))));
        let words = WORDS.into_iter().map(|(name, word)| (name, Key::Word(name, word)));
        let axes = [("axis", Key::Axis), ("keep", Key::Keep), ("per-unit", Key::PerUnit)];
        let settings =
            settings::ALL.into_iter().map(|setting| (setting.name, Key::Setting(setting)));
        let match_key = std::iter::once(("match", Key::Match));
        match_key.chain(operations).chain(words).chain(axes).chain(settings)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = Key::all().find_map(|(name, key)| (name == text).then_some(key));
        found.ok_or_else(|| {
            let names: Vec<String> = Key::all().map(|(name, _)| format!("`{name}`")).collect();
            let names = names.join(", ");
            D::Error::custom(format!("unknown field `{text}`, expected one of {names}"))
        })
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = Rule;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a rule")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Rule, M::Error> {
        let mut pattern = None;
        let (mut said, mut settings, mut axes) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(key) = map.next_key()? {
            match key {
                Key::Match => pattern = Some(map.next_value()?),
                Key::Operation(spec) => said.push(operation(&mut map, spec)?),
                Key::Word(name, word) => {
                    value(&mut map, |so| truth(name, so))?;
                    let make = Box::new(move |_: &Settings| word);
                    said.push(Said { name, slices: Slices::None, settings: &[], make });
                }
                Key::Axis => axes.push(("axis", value(&mut map, AxesText::axis)?)),
                Key::Keep => axes.push(("keep", value(&mut map, AxesText::keep)?)),
                Key::PerUnit => {
                    let layout = value(&mut map, |text: String| parse::per_unit(&text))?;
                    axes.push(("per-unit", layout));
                }
                Key::Setting(setting) => {
                    let text = value(&mut map, |text: Scalar| setting.checked(&text.text()))?;
                    settings.push((setting, text));
                }
            }
        }
        let pattern = pattern.ok_or_else(|| M::Error::missing_field("match"))?;
        Ok(Rule { pattern, said, settings, axes })
    }
}

fn operation<'de, M: MapAccess<'de>>(map: &mut M, spec: &'static Spec) -> Result<Said, M::Error> {
    let make: Box<dyn Fn(&Settings) -> Operation> = match spec.make {
        Make::Plain(make) => {
            value(map, |so| truth(spec.name, so))?;
            Box::new(make)
        }
        Make::One(_, make) => {
            let number = map.next_value()?;
            Box::new(move |settings| make(number, settings))
        }
        Make::Two(_, make) => {
            let [a, b] = map.next_value()?;
            Box::new(move |settings| make(a, b, settings))
        }
    };
    Ok(Said { name: spec.name, slices: spec.slices, settings: spec.settings, make })
}

/// What needs no number is true.
fn truth(name: &str, so: bool) -> Result<(), String> {
    if so { Ok(()) } else { Err(format!("{name} is true, or it is not said")) }
}

/// The value of the key that was read, made into something else: what is wrong with it is said with its
/// line.
fn value<'de, M: MapAccess<'de>, T: Deserialize<'de>, U>(
    map: &mut M,
    make: impl FnOnce(T) -> Result<U, String>,
) -> Result<U, M::Error> {
    map.next_value_seed(Made { make, from: PhantomData })
}

struct Made<T, F> {
    make: F,
    from: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, U, F: FnOnce(T) -> Result<U, String>> DeserializeSeed<'de>
    for Made<T, F>
{
    type Value = U;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<U, D::Error> {
        (self.make)(T::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The value of a setting.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string or a number")]
enum Scalar {
    Text(String),
    Number(f64),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected axes such as 0, -1 or [0, 1], or \"all\", or \"each\"")]
enum AxesText {
    One(i32),
    Several(Vec<i32>),
    Word(String),
}

impl AxesText {
    fn axis(self) -> Result<Axes, String> {
        match self {
            AxesText::One(axis) => Ok(Axes::from(axis)),
            AxesText::Several(axes) => Ok(Axes::from(&axes[..])),
            AxesText::Word(word) => parse::axis(&word),
        }
    }

    fn keep(self) -> Result<Axes, String> {
        match self {
            AxesText::One(axis) => Ok(Axes::keep(axis)),
            AxesText::Several(axes) => Ok(Axes::keep(AxisList::from(&axes[..]))),
            AxesText::Word(word) => parse::keep(&word),
        }
    }
}

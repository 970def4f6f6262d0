//! One rule of a file.

use normproj::{Axes, Operation};

use crate::operations::settings::{Setting, Settings};
use crate::operations::{ALL, Slices};

/// The keys of a rule as they were said: a pattern, one operation, and settings of it.
pub struct Rule {
    pub pattern: String,
    pub said: Vec<Said>,
    pub settings: Vec<(&'static Setting, String)>,
    /// Which tensors are taken apart into slices, by each key that says so.
    pub axes: Vec<(&'static str, Axes)>,
}

/// An operation with its numbers: settings make it complete.
pub struct Said {
    pub name: &'static str,
    pub slices: Slices,
    pub settings: &'static [&'static Setting],
    pub make: Box<dyn Fn(&Settings) -> Operation>,
}

/// What rules can say beside the operations: nothing is done.
pub const WORDS: [(&str, Operation); 2] = [("leave", Operation::Leave), ("tied", Operation::Tied)];

impl Rule {
    /// What the rule says; what is wrong with it, if it makes no sense.
    pub fn operation(&self) -> Result<Operation, String> {
        let said = match &self.said[..] {
            [said] => said,
            [] => {
                let words = WORDS.map(|(word, _)| word);
                let all = ALL.iter().map(|spec| spec.name).chain(words).collect::<Vec<_>>();
                return Err(format!("the rule says nothing; it needs one of {}", all.join(", ")));
            }
            several => {
                let names: Vec<&str> = several.iter().map(|said| said.name).collect();
                return Err(format!("one rule says one thing, not {}", names.join(" and ")));
            }
        };
        let mut settings = Settings::over(self.axes(said)?);
        for (setting, text) in &self.settings {
            if !said.settings.iter().any(|known| known.name == setting.name) {
                return Err(format!("{} has no {}", said.name, setting.name));
            }
            settings.set(setting, text)?;
        }
        Ok(settings.complete((said.make)(&settings)))
    }

    fn axes(&self, said: &Said) -> Result<Axes, String> {
        match (&self.axes[..], said.slices) {
            ([], Slices::None | Slices::Tensors) => Ok(Axes::All),
            ([], Slices::Named) => Err(format!("{} needs axis, keep or per-unit", said.name)),
            ([(key, _), ..], Slices::None) => Err(format!("{} has no {key}", said.name)),
            ([(_, axes)], _) => Ok(*axes),
            _ => Err("axis, keep and per-unit exclude each other".to_string()),
        }
    }
}

//! A file of rules.

use std::path::Path;

use normproj::{Filter, Operation, Rules};
use serde::Deserialize;
use toml::Spanned;

use super::rule::Rule;
use crate::failure::{Failure, Result};
use crate::operations;

/// A rule is a line or two; what is longer than this is another file.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Text {
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    rule: Vec<Spanned<Rule>>,
}

/// Rules, and where in their file they are.
#[derive(Debug)]
pub struct RulesFile {
    pub rules: Rules,
    name: String,
    lines: Vec<usize>,
    ignore_case: bool,
}

impl RulesFile {
    /// Reads a file and refuses what makes no sense for any tensor, with its line.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |reason: String| Failure::file(path, reason);
        let io = |error: std::io::Error| wrong(crate::files::reason(&error));
        let about = std::fs::metadata(path).map_err(io)?;
        if !about.is_file() {
            return Err(wrong("not a regular file; name a .toml file of rules".to_string()));
        }
        if about.len() > LONGEST {
            let length = about.len();
            return Err(wrong(format!("{length} bytes are too many for a .toml file of rules")));
        }
        let text = String::from_utf8(std::fs::read(path).map_err(io)?)
            .map_err(|_| wrong("not text; name a .toml file of rules".to_string()))?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let line = |byte: usize| 1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count();
        let at = |line: usize, reason: String| Failure::new(format!("{name}:{line}: {reason}"));
        let read: Text = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            at(line(start), one_line(error.message()))
        })?;
        let (mut rules, mut lines) = (Rules::new(), Vec::new());
        for rule in &read.rule {
            let line = line(rule.span().start);
            let rule = rule.get_ref();
            let operation = rule.operation().map_err(|reason| at(line, reason))?;
            check(&rule.pattern, operation).map_err(|error| at(line, error.to_string()))?;
            rules = rules.rule(rule.pattern.as_str(), operation);
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(Failure::new(format!("{name}: there is no [[rule]] in it")));
        }
        let rules = if read.ignore_case { rules.ignore_case() } else { rules };
        let (name, ignore_case) = (name.to_string(), read.ignore_case);
        Ok(RulesFile { rules, name, lines, ignore_case })
    }

    /// What was wrong when the rules met tensors; with the line of the rule, if there is one.
    /// `others` are the tensors that rules do not meet: what is not floating point.
    pub fn failure<'a>(
        &self,
        error: &normproj::Error,
        mut others: impl Iterator<Item = &'a str>,
    ) -> Failure {
        use normproj::Error::{NoMatch, Shadowed};
        let line = match error {
            NoMatch { pattern } | Shadowed { pattern, .. } => {
                // The last: of two rules with one pattern, that is the one of no use.
                let mut patterns = self.rules.iter().map(|(other, _)| other);
                patterns.rposition(|other| other == pattern).map(|rule| self.lines[rule])
            }
            _ => None,
        };
        let line = line.map_or(String::new(), |line| format!("{line}:"));
        let mut reason = error.to_string();
        if let NoMatch { pattern } = error {
            let filter = Filter::all().include(pattern);
            let filter = if self.ignore_case { filter.ignore_case() } else { filter };
            if let Some(name) = others.find(|name| filter.takes(name).unwrap_or(false)) {
                reason = format!(
                    "`{pattern}` matches only tensors that are not floating point, such as `{name}`"
                );
            }
        }
        Failure::new(format!("{}:{line} {reason}", self.name))
    }
}

fn check(pattern: &str, operation: Operation) -> normproj::Result<()> {
    Filter::all().include(pattern).takes("")?;
    operations::check(operation)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use normproj::{Clip, Projection};

    use super::*;

    fn operations(text: &str) -> Vec<Operation> {
        let file = RulesFile::parse(text, "r.toml").unwrap_or_else(|error| panic!("{error:?}"));
        file.rules.iter().map(|(_, operation)| *operation).collect()
    }

    #[test]
    fn every_operation_has_a_key() {
        use normproj::{Axes, Compat, Norm, OnNonFinite, Rounding, WeightLayout, ZeroSlice};
        let rule = |body: &str| operations(&format!("[[rule]]\nmatch = '*'\n{body}"))[0];
        let mut keys: Vec<&str> = crate::operations::ALL.iter().map(|spec| spec.name).collect();
        let keras = Axes::per_unit(WeightLayout::Keras);
        for (body, expected) in [
            ("max-norm = 3\nper-unit = 'keras'", Projection::max_norm(3.0, keras).into()),
            ("max-norm = inf\naxis = [0, 1]", Projection::max_norm(f64::INFINITY, [0, 1]).into()),
            ("max-norm = 1.5\nkeep = -1", Projection::max_norm(1.5, Axes::keep(-1)).into()),
            ("clip-norm = 1", Projection::clip_norm(1.0, Axes::All).into()),
            ("clip-norm = 1\naxis = 'each'", Projection::clip_norm(1.0, Axes::Each).into()),
            (
                "clip-norm = 1\nnorm = 'l1'\naxis = 0",
                Projection::clip_norm(1.0, 0).norm_in(Norm::L1).into(),
            ),
            ("clip-average-norm = 1", Projection::clip_average_norm(1.0, Axes::All).into()),
            ("clip-rms = 1\nkeep = 0", Projection::clip_rms(1.0, Axes::keep(0)).into()),
            ("clip-value = [-1, 0.5]", Projection::bounds(-1.0, 0.5).into()),
            ("bounds = [-inf, 1]", Projection::bounds(f64::NEG_INFINITY, 1.0).into()),
            ("non-negative = true", Projection::non_negative().into()),
            (
                "unit-norm = true\naxis = -1\nzero = 'e1'\nnorm = 3",
                Projection::unit_norm(-1)
                    .norm_in(Norm::lp(3.0).unwrap())
                    .zero_slices(ZeroSlice::BasisVector)
                    .into(),
            ),
            (
                "min-max-norm = [0.5, 2]\nper-unit = 'keras'\nrate = 0.1\ncompat = 'keras'",
                Projection::min_max_norm(0.5, 2.0, keras).rate(0.1).compat(Compat::Keras).into(),
            ),
            ("ball = 2\nnorm = 'l1'\naxis = 0", Projection::ball(Norm::L1, 2.0, 0).into()),
            ("sphere = 2\naxis = 0", Projection::sphere(Norm::L2, 2.0, 0).into()),
            ("simplex = 1\naxis = 0", Projection::simplex(1.0, 0).into()),
            ("clip-global-norm = 0.5", Clip::global_norm(0.5).into()),
            (
                "clip-global-norm = 1\ncompat = 'torch'\non-non-finite = 'zero'\nnorm = 'linf'",
                Clip::global_norm(1.0)
                    .norm(Norm::Linf)
                    .compat(Compat::Torch)
                    .on_non_finite(OnNonFinite::Zero)
                    .into(),
            ),
            (
                "max-norm = 1\naxis = 0\nrounding = 'nearest'",
                Projection::max_norm(1.0, 0).rounding(Rounding::Nearest).into(),
            ),
            ("leave = true", Operation::Leave),
            ("tied = true", Operation::Tied),
        ] {
            assert_eq!(rule(body), expected, "{body}");
            keys.retain(|key| !body.starts_with(&format!("{key} =")));
        }
        assert!(keys.is_empty(), "{keys:?} are not tried");
    }
}

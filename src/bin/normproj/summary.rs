//! What was done, for people and for programs.

use std::collections::BTreeSet;
use std::io::Write;

use normproj::Axes;
use serde::Serialize;

use crate::failure::{Failure, Result, line, written};
use crate::global::Total;
use crate::job::Job;
use crate::options::RunOptions;
use crate::row::Row;
use crate::table::{number, table_of};

/// Which figures a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// Of an operation.
    Changes,
    /// Of `normproj norms`.
    Norms,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    /// Of `normproj clip-global-norm`.
    #[serde(flatten)]
    pub total: Option<Total>,
    /// Of `normproj apply`, for each rule that clips by global norm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Total>,
    pub tensors: Vec<Row>,
    /// What was not taken.
    pub left: Vec<String>,
    pub warnings: Vec<String>,
}

impl Summary {
    /// What was done, with what deserves a second look.
    pub fn new(job: &Job, tensors: Vec<Row>) -> Self {
        let mut warnings = Vec::new();
        if tensors.is_empty() {
            warnings.push("no tensor was taken".to_string());
        }
        warnings.extend(tensors.iter().flat_map(Row::warnings));
        let device = job.context.describe().to_string();
        Summary { device, total: None, groups: Vec::new(), tensors, left: job.left(), warnings }
    }

    /// Warns where one axis meant two things.
    pub fn warn_of_ranks(mut self, axes: Axes) -> Self {
        let ranks: BTreeSet<usize> = self.tensors.iter().map(|row| row.shape.len()).collect();
        if ranks.len() > 1 && matches!(axes, Axes::Reduced(_) | Axes::Kept(_)) {
            let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
            let warning = format!(
                "one norm {axes} met tensors of rank {}, where the same axis means another thing; --per-unit goes by rank",
                ranks.join(" and "),
            );
            self.warnings.insert(0, warning);
        }
        self
    }

    /// Prints it as the options say.
    pub fn print(&self, figures: Figures, options: &RunOptions) -> Result<()> {
        print(self, options, || self.text(figures))
    }

    fn text(&self, figures: Figures) -> String {
        let verified = self.tensors.iter().any(|row| row.max_norm_after.is_some());
        let ruled = self.tensors.iter().any(|row| row.rule.is_some());
        let mut head = vec!["tensor"];
        head.extend(ruled.then_some("rule"));
        head.extend(["shape", "slices × length"]);
        head.extend::<&[_]>(match figures {
            Figures::Changes if verified => &["changed", "largest norm", "after"],
            Figures::Changes => &["changed", "largest norm"],
            Figures::Norms => &["min", "median", "mean", "max"],
        });
        head.extend(["zero", "non-finite"]);
        let rows: Vec<Vec<String>> =
            self.tensors.iter().map(|row| cells(row, figures, verified, ruled)).collect();
        let texts = if ruled { 2 } else { 1 };
        let mut text = if rows.is_empty() { String::new() } else { table_of(texts, &head, &rows) };
        for total in self.total.iter().chain(&self.groups) {
            text += &line(&total.to_string());
            text.push('\n');
        }
        if !self.left.is_empty() {
            text += &format!("left: {}\n", line(&self.left.join(", ")));
        }
        for warning in &self.warnings {
            text += &format!("warning: {}\n", line(warning));
        }
        text
    }
}

fn cells(row: &Row, figures: Figures, verified: bool, ruled: bool) -> Vec<String> {
    let optional = |norm: Option<f64>| norm.map_or("-".to_string(), number);
    let mut cells = vec![line(&row.name)];
    cells.extend(ruled.then(|| row.rule.as_deref().map(line).unwrap_or_default()));
    cells.extend([format!("{:?}", row.shape), format!("{} × {}", row.slices, row.length)]);
    match figures {
        Figures::Changes => {
            cells.extend([row.changed.to_string(), optional(row.max_norm)]);
            cells.extend(verified.then(|| optional(row.max_norm_after)));
        }
        Figures::Norms => cells.extend([
            optional(row.min_norm),
            optional(row.median_norm),
            optional(row.mean_norm),
            optional(row.max_norm),
        ]),
    }
    cells.extend([row.zero.to_string(), row.non_finite.to_string()]);
    cells
}

/// Prints a report as one line of JSON or as text, if at all.
pub fn print(
    report: &impl Serialize,
    options: &RunOptions,
    text: impl FnOnce() -> String,
) -> Result<()> {
    let text = if options.json {
        let text = serde_json::to_string(report);
        text.map_err(|error| Failure::new(format!("report: {error}")))? + "\n"
    } else if options.quiet {
        return Ok(());
    } else {
        text()
    };
    written(std::io::stdout().write_all(text.as_bytes()))
}

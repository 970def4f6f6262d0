//! What was done, for people and for programs.

use std::io::Write;

use normproj::{Plan, Report};
use serde::Serialize;

use crate::failure::{Failure, Result, written};
use crate::files::Tensor;
use crate::options::RunOptions;
use crate::table::{number, table};

/// One tensor. Norms are those before the operation.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: String,
    pub slices: u64,
    pub length: usize,
    pub changed: u64,
    pub max_norm: f64,
    pub mean_norm: f64,
    pub zero: u64,
    pub non_finite: u64,
    #[serde(skip)]
    pub first_non_finite: Option<u64>,
    /// With `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_norm_after: Option<f64>,
    /// Of `normproj norms`; none if no slice is finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_norm: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_norm: Option<f64>,
}

impl Row {
    pub fn new(name: String, tensor: &Tensor, plan: &Plan, report: &Report) -> Self {
        Row {
            name,
            shape: tensor.shape.clone(),
            dtype: tensor.dtype_name(),
            slices: plan.geometry().slices() as u64,
            length: plan.geometry().length(),
            changed: report.changed,
            max_norm: report.largest_norm,
            mean_norm: report.mean_norm,
            zero: report.zero,
            non_finite: report.non_finite,
            first_non_finite: report.first_non_finite,
            max_norm_after: None,
            min_norm: None,
            median_norm: None,
        }
    }
}

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
    pub tensors: Vec<Row>,
    /// What was not taken.
    pub left: Vec<String>,
    pub warnings: Vec<String>,
}

impl Summary {
    /// Prints it as the options say.
    pub fn print(&self, figures: Figures, options: &RunOptions) -> Result<()> {
        let text = if options.json {
            let text = serde_json::to_string(self);
            text.map_err(|error| Failure::new(format!("report: {error}")))? + "\n"
        } else if options.quiet {
            return Ok(());
        } else {
            self.text(figures)
        };
        written(std::io::stdout().write_all(text.as_bytes()))
    }

    fn text(&self, figures: Figures) -> String {
        let verified = self.tensors.iter().any(|row| row.max_norm_after.is_some());
        let mut head = vec!["tensor", "shape", "slices × length"];
        head.extend::<&[_]>(match figures {
            Figures::Changes if verified => &["changed", "largest norm", "after"],
            Figures::Changes => &["changed", "largest norm"],
            Figures::Norms => &["min", "median", "mean", "max"],
        });
        head.extend(["zero", "non-finite"]);
        let rows: Vec<Vec<String>> =
            self.tensors.iter().map(|row| cells(row, figures, verified)).collect();
        let mut text = if rows.is_empty() { String::new() } else { table(&head, &rows) };
        if !self.left.is_empty() {
            text += &format!("left: {}\n", self.left.join(", "));
        }
        for warning in &self.warnings {
            text += &format!("warning: {warning}\n");
        }
        text
    }
}

fn cells(row: &Row, figures: Figures, verified: bool) -> Vec<String> {
    let optional = |norm: Option<f64>| norm.map_or("-".to_string(), number);
    let mut cells = vec![
        row.name.clone(),
        format!("{:?}", row.shape),
        format!("{} × {}", row.slices, row.length),
    ];
    match figures {
        Figures::Changes => {
            cells.extend([row.changed.to_string(), number(row.max_norm)]);
            cells.extend(verified.then(|| optional(row.max_norm_after)));
        }
        Figures::Norms => cells.extend([
            optional(row.min_norm),
            optional(row.median_norm),
            number(row.mean_norm),
            number(row.max_norm),
        ]),
    }
    cells.extend([row.zero.to_string(), row.non_finite.to_string()]);
    cells
}

//! A model under rules, for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{PlannedGroup, PlannedTensor, StepPlan, TensorTask};
use crate::axes::Axes;
use crate::model::Operation;
use crate::plan::cost::Cost;

const HEAD: [&str; 5] = ["tensor", "shape", "slices × length", "rule", "operation"];

impl StepPlan {
    /// Which tensor gets what: for each its shape, slices × length, the rule that takes it and the
    /// operation; then dispatches and bytes of all, the tensors that no rule takes, and
    /// [`StepPlan::warnings`].
    pub fn explain(&self) -> String {
        let rows: Vec<[String; 5]> = self.tensors.iter().map(|tensor| self.row(tensor)).collect();
        let mut text = table(&rows);
        // Writing to a string cannot fail.
        let _ = self.totals(&mut text);
        text
    }

    /// What deserves a second look: rules whose axes meet tensors of different rank.
    pub fn warnings(&self) -> Vec<String> {
        let warning = |(rule, (pattern, operation)): (usize, (&str, &Operation))| {
            let Operation::Project(projection) = operation else { return None };
            let axes = projection.axes();
            let taken = self.tensors.iter().filter(|tensor| tensor.rule == Some(rule));
            let ranks: BTreeSet<usize> = taken.map(|tensor| tensor.layout.rank()).collect();
            if ranks.len() < 2 || !matches!(axes, Axes::Reduced(_) | Axes::Kept(_)) {
                return None;
            }
            let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
            let ranks = ranks.join(" and ");
            Some(format!(
                "`{pattern}`: one norm {axes} meets tensors of rank {ranks}, where the same axis \
                 means another thing; axes per unit go by rank"
            ))
        };
        self.rules.iter().enumerate().filter_map(warning).collect()
    }

    fn row(&self, tensor: &PlannedTensor) -> [String; 5] {
        let taken = tensor.rule.and_then(|rule| self.rules.get(rule));
        let (rule, operation) = match taken {
            Some((pattern, operation)) => (pattern.to_string(), operation.to_string()),
            None => ("-".to_string(), "left: no rule matches".to_string()),
        };
        let slices = match &tensor.task {
            TensorTask::Project(plan) => {
                format!("{} × {}", plan.geometry().slices(), plan.geometry().length())
            }
            TensorTask::Group(group) => share(&self.groups[*group], tensor.layout.len()),
            TensorTask::Left => "-".to_string(),
        };
        let shape = format!("{:?}", tensor.layout.shape());
        [tensor.name.clone(), shape, slices, rule, operation]
    }

    fn totals(&self, text: &mut String) -> std::fmt::Result {
        let (mut worked_on, mut elements) = (0, 0);
        let (mut dispatches, mut least, mut most) = (0, 0.0, 0.0);
        let mut add = |cost: Cost| {
            dispatches += cost.dispatches;
            (least, most) = (least + cost.bytes(0.0), most + cost.bytes(1.0));
        };
        for tensor in &self.tensors {
            if let TensorTask::Project(plan) = &tensor.task {
                add(plan.cost());
            }
            if tensor.task != TensorTask::Left {
                (worked_on, elements) = (worked_on + 1, elements + tensor.layout.len());
            }
        }
        self.groups.iter().for_each(|group| add(group.plan.cost()));
        let all = self.tensors.len();
        writeln!(
            text,
            "\n{worked_on} of {all} tensors, {elements} elements, on {}",
            self.profile.name
        )?;
        if dispatches > 0 {
            write!(text, "{dispatches} dispatches; ")?;
        }
        writeln!(text, "{least:.0} bytes moved if nothing violates, {most:.0} if everything does")?;
        let unmatched = self.tensors.iter().filter(|tensor| tensor.rule.is_none());
        let unmatched: Vec<&str> = unmatched.map(|tensor| tensor.name.as_str()).collect();
        if !unmatched.is_empty() {
            writeln!(text, "left, because no rule matches: {}", unmatched.join(", "))?;
        }
        for warning in self.warnings() {
            writeln!(text, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// The slices of a tensor of a group.
fn share(group: &PlannedGroup, length: usize) -> String {
    let request = group.plan.request();
    match (request.clip.norm_used(), request.clip.is_global()) {
        (None, _) => format!("{length} × 1"),
        (Some(_), false) => format!("1 × {length}"),
        (Some(_), true) => format!("part of 1 × {}", request.elements()),
    }
}

/// Columns as wide as their widest cell, but for the last.
fn table(rows: &[[String; 5]]) -> String {
    let head = HEAD.map(str::to_string);
    let lines = || std::iter::once(&head).chain(rows);
    let count = |cell: &String| cell.chars().count();
    let widths: Vec<usize> =
        (0..4).map(|column| lines().map(|row| count(&row[column])).max().unwrap_or(0)).collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}  "));
        cells.collect::<String>() + &row[4] + "\n"
    };
    lines().map(line).collect()
}

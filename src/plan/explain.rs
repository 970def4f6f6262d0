//! A plan for people.

use std::fmt::Write;

use crate::plan::Plan;
use crate::plan::gpu::steps::Step;
use crate::plan::request::{Output, Request, Task};
use crate::shader::variant::Kernel;

impl Plan {
    /// What the plan does, in words and numbers: steps, dispatches, bytes for each element, scratch,
    /// and the error bounds L and κ.
    ///
    /// ```
    /// use normproj::{DeviceProfile, Layout, Plan, Projection, Request};
    /// let request = Request::in_place(Projection::max_norm(3.0, 0), Layout::contiguous([784, 256])?);
    /// let plan = Plan::new(&request, &DeviceProfile::h200())?;
    /// println!("{}", plan.explain());
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn explain(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let geometry = self.geometry();
        let request = self.request();
        let shape = request.source.shape();
        writeln!(
            text,
            "{} of {} {shape:?} on {}",
            title(request),
            request.dtype,
            self.profile().name
        )?;
        let (slices, length) = (geometry.slices(), geometry.length());
        writeln!(text, "{slices} slices × {length} elements, {}", self.schedule())?;
        self.write_steps(text)?;
        let cost = self.cost();
        let bytes = |v: f64| cost.bytes_per_element(v);
        if cost.dispatches > 0 {
            let plural = if cost.dispatches == 1 { "" } else { "es" };
            write!(text, "{} dispatch{plural}; ", cost.dispatches)?;
        }
        writeln!(
            text,
            "bytes an element: {:.2} if no slice violates, {:.2} if 1% do, {:.2} if \
             10% do, {:.2} if all do",
            bytes(0.0),
            bytes(0.01),
            bytes(0.1),
            bytes(1.0)
        )?;
        let held = self.steps().scratch_bytes();
        writeln!(text, "scratch: {held} bytes held, {} bytes moved", cost.scratch)?;
        let margin = self.margin();
        write!(text, "L = {}, σ = {:.2e}, κ = {:.2e}", margin.chain, margin.sigma, margin.kappa)
    }

    /// Dispatches of one kind in one line, and the rounds of a search once.
    fn write_steps(&self, text: &mut String) -> std::fmt::Result {
        let mut lines: Vec<(String, u32)> = Vec::new();
        let steps = &self.steps().steps;
        let mut index = 0;
        while let Some(step) = steps.get(index) {
            let alike = steps[index..].iter().take_while(|other| other.variant == step.variant);
            let groups: Vec<u64> = alike.map(workgroups).collect();
            index += groups.len();
            let line = line(step, &groups);
            let seeks = matches!(step.variant.kernel, Kernel::ShrinkPartial | Kernel::ShrinkDecide);
            match lines.iter_mut().rev().take(2).find(|(written, _)| seeks && *written == line) {
                Some((_, times)) => *times += 1,
                None => lines.push((line, 1)),
            }
        }
        lines.iter().try_for_each(|(line, times)| match times {
            1 => writeln!(text, "  {line}"),
            rounds => writeln!(text, "  in {rounds} rounds, {line}"),
        })
    }
}

fn title(request: &Request) -> String {
    match (&request.task, &request.output) {
        (Task::Project(projection), Output::Into(_)) => format!("{projection}, out of place,"),
        (Task::Project(projection), _) => match request.copy {
            Some((_, dtype)) => format!("{projection}, with a copy in {dtype},"),
            None => projection.to_string(),
        },
        (Task::Norms { norm, axes }, _) => format!("{norm} norms {axes}"),
    }
}

fn workgroups(step: &Step) -> u64 {
    let [x, y] = step.workgroups;
    u64::from(x) * u64::from(y)
}

/// Pieces of one kind in one line, with the workgroups of all.
fn line(step: &Step, groups: &[u64]) -> String {
    let times = if groups.len() == 1 { String::new() } else { format!("{} × ", groups.len()) };
    let all = if groups.len() == 1 { "" } else { " in all" };
    let (label, lanes) = (step.variant.label(), step.variant.lanes());
    format!("{times}{label}: {} workgroups of {lanes}{all}", groups.iter().sum::<u64>())
}

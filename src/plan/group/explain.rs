//! A group's plan for people.

use std::fmt::Write;

use crate::plan::group::{GroupPlan, GroupStep};

impl GroupPlan {
    /// What the plan does, in words and numbers: dispatches, bindings, bytes for each element,
    /// scratch, and the error bounds L and κ.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let request = self.request();
        let (tensors, memories) = (request.members.len(), request.memories.len());
        write!(text, "{} on {}", request.clip, self.profile().name)?;
        match self.schedule {
            Some(schedule) => writeln!(text, ", {schedule}")?,
            None => writeln!(text)?,
        }
        writeln!(
            text,
            "{tensors} tensor{} in {memories} buffer{}, {} elements",
            plural(tensors),
            plural(memories),
            request.elements()
        )?;
        let steps = self.steps();
        for alike in steps.steps.chunk_by(|a, b| a.variant.kernel == b.variant.kernel) {
            let groups: u64 = alike.iter().map(workgroups).sum();
            let bound: usize =
                alike.iter().filter_map(|step| step.set.map(|set| steps.sets[set].len())).sum();
            let times =
                if alike.len() == 1 { String::new() } else { format!("{} × ", alike.len()) };
            let variant = alike[0].variant;
            write!(text, "  {times}{}: ", variant.kernel.name())?;
            write!(text, "{groups} workgroup{} of {}", plural(groups as usize), variant.lanes)?;
            match bound {
                0 => writeln!(text)?,
                bound => writeln!(text, ", {bound} window{} bound", plural(bound))?,
            }
        }
        let cost = self.cost();
        if cost.dispatches > 0 {
            let plural = if cost.dispatches == 1 { "" } else { "es" };
            write!(text, "{} dispatch{plural}; ", cost.dispatches)?;
        }
        let bytes = |v: f64| cost.bytes_per_element(v);
        writeln!(
            text,
            "bytes an element: {:.2} if nothing is clipped, {:.2} if all is",
            bytes(0.0),
            bytes(1.0)
        )?;
        let held = steps.scratch_bytes();
        writeln!(text, "scratch: {held} bytes held, {} bytes moved", cost.scratch)?;
        let margin = self.margin();
        write!(text, "L = {}, σ = {:.2e}, κ = {:.2e}", margin.chain, margin.sigma, margin.kappa)
    }
}

fn workgroups(step: &GroupStep) -> u64 {
    let [x, y] = step.workgroups;
    u64::from(x) * u64::from(y)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

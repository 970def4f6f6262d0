//! What `normproj bench` was asked to time.

use normproj::Context;

use super::cases::{self, Case, ClipCase, StepCase, VIOLATING};
use super::{Arguments, Say};
use crate::failure::{Failure, Result};

/// What was asked for.
pub struct Work {
    pub projections: Vec<Case>,
    pub clips: Vec<ClipCase>,
    pub steps: Vec<StepCase>,
    pub violating: &'static [f64],
    pub schedules: bool,
}

impl Work {
    pub fn new(arguments: &Arguments) -> Result<Self> {
        let (mut projections, mut clips, mut steps) = match arguments.growth {
            true => (cases::growing_projections(), cases::growing_clips(), vec![]),
            false => (cases::projections(), cases::clips(), cases::steps()),
        };
        let projected = projections.iter().map(|case| &case.id);
        let ids = projected.chain(clips.iter().map(|case| &case.id));
        let ids = ids.chain(steps.iter().map(|case| &case.id));
        let names: Vec<&str> = ids.map(String::as_str).collect();
        let chosen = arguments.case.compile_matcher();
        if !names.iter().any(|name| chosen.is_match(name)) {
            let (glob, names) = (arguments.case.glob(), names.join(", "));
            return Err(Failure::usage(format!("no case is named `{glob}`; there are {names}")));
        }
        projections.retain(|case| chosen.is_match(&case.id));
        clips.retain(|case| chosen.is_match(&case.id));
        steps.retain(|case| chosen.is_match(&case.id));
        let violating = if arguments.growth { &[0.0, 1.0][..] } else { &VIOLATING };
        let schedules = arguments.schedules;
        Ok(Work { projections, clips, steps, violating, schedules })
    }

    /// The same without what is too large for the device; says what that is.
    pub fn fitting(mut self, context: &Context, software: bool, say: Say<'_>) -> Self {
        let most = cases::most_elements(context.profile(), software);
        let fits = |id: &str, elements: usize| {
            if elements > most {
                say(&format!("{id} is left out: {elements} elements are too many here"));
            }
            elements <= most
        };
        self.projections.retain(|case| fits(&case.id, case.elements()));
        self.clips.retain(|case| case.elements.is_none_or(|elements| fits(&case.id, elements)));
        self.steps.retain(|case| fits(&case.id, case.shape.iter().product()));
        self
    }
}

//! One request on one set of data, with any schedule.

use normproj::plan::margin::toward_zero;
use normproj::plan::profile::DeviceKind;
use normproj::{Context, Norm, Plan, Report, Result, Rounding, Schedule, reference};

use super::cases::{Case, Form};
use super::compare::{self, Bound, Found, same_bits};

/// A request, the contents of the memory, and what the oracle makes of them.
pub struct Trial<'a> {
    case: &'a Case,
    form: Form,
    radius: f64,
    data: Vec<f32>,
    /// The projection of the view.
    exact: Vec<f64>,
    norms: Vec<f64>,
}

impl<'a> Trial<'a> {
    pub fn new(case: &'a Case, form: Form, radius: f64, data: Vec<f32>) -> Result<Self> {
        let exact = reference::project(&form.projection(case, radius), &data, &case.layout)?;
        let norms = reference::norms(Norm::L2, case.axes, &data, &case.layout)?;
        Ok(Trial { case, form, radius, data, exact, norms })
    }

    /// Runs a schedule: the largest error as a fraction of the bound, or what was wrong.
    pub fn run(&self, context: &Context, schedule: Schedule) -> Result<Found> {
        let request = self.form.request(self.case, self.radius)?;
        let plan = Plan::with_schedule(&request, context.profile(), schedule)?;
        let projection = self.form.projection(self.case, self.radius);
        let bound = Bound {
            radius: toward_zero(projection.radius()),
            margin: plan.margin(),
            rounding: projection.rounds(),
            native: matches!(context.profile().kind, DeviceKind::Native { .. }),
        };
        if self.form == Form::Norms {
            let source = context.upload(&self.data, [self.data.len()])?.view(self.case.layout)?;
            let norms = context.zeros([plan.geometry().slices()])?;
            drop(context.run(&plan, &source, &norms)?);
            return Ok(compare::norms(&norms.read()?, &self.norms, bound.margin.kappa));
        }
        let once = self.apply(context, &plan, &self.data)?;
        let twice = self.apply(context, &plan, &once.target)?;
        Ok(self.judge(&once, &twice, &bound))
    }

    /// Runs a projection. What is outside the view must stay as it is: a separate target starts as
    /// a copy of the source.
    fn apply(&self, context: &Context, plan: &Plan, data: &[f32]) -> Result<Applied> {
        let source = context.upload(data, [data.len()])?;
        let target = match self.form {
            Form::Into => context.upload(data, [data.len()])?,
            _ => source.clone(),
        };
        let layout = self.case.layout;
        let report = context.run(plan, &source.view(layout)?, &target.view(layout)?)?.wait()?;
        Ok(Applied { source: source.read()?, target: target.read()?, report })
    }

    fn judge(&self, once: &Applied, twice: &Applied, bound: &Bound) -> Found {
        let Trial { case, data, .. } = self;
        let view = |memory: &[f32]| -> Vec<f32> {
            case.places.iter().map(|&place| memory[place]).collect()
        };
        let (before, after) = (view(data), view(&once.target));
        let worst = compare::projected(&before, &after, &self.exact, &case.slices, bound)?;
        compare::report(&once.report, &self.norms, bound)?;
        let mut outside = once.target.clone();
        case.places.iter().for_each(|&place| outside[place] = data[place]);
        same_bits(data, &outside).map_err(|i| format!("element {i} outside the view changed"))?;
        if self.form == Form::Into {
            same_bits(data, &once.source)
                .map_err(|i| format!("element {i} of the source changed"))?;
        }
        if bound.rounding == Rounding::Feasible {
            same_bits(&once.target, &twice.target)
                .map_err(|i| format!("element {i} changed the second time"))?;
        }
        Ok(worst)
    }
}

/// The memory of source and target after one run.
struct Applied {
    source: Vec<f32>,
    target: Vec<f32>,
    report: Report,
}

//! Steps of optimizers that end inside a set, beside an update and a projection one after the other, and what must come
//! out of both.

use normproj::{
    Axes, Context, DType, DeviceBuffer, Layout, Norm, Optimizer, Plan, Projection, Request, Update,
    reference,
};
use rayon::prelude::*;

use super::cases::{StepCase, uniform};
use super::{bands, native};
use crate::failure::{Failure, Result};
use crate::slices;

/// The fractions of the slices that violate.
pub const VIOLATING: [f64; 2] = [0.0, 1.0];

/// Weights and the gradient that they follow, on the host and on a device.
pub struct Start<'a> {
    pub case: &'a StepCase,
    pub layout: Layout,
    pub weights: Vec<f32>,
    pub gradient: DeviceBuffer,
    downhill: Vec<f32>,
    norms: Vec<f64>,
}

/// Weights that take steps, projected in one go or afterwards.
pub struct Walker {
    pub optimizer: Optimizer,
    pub afterwards: Option<Projection>,
}

impl<'a> Start<'a> {
    pub fn new(context: &Context, case: &'a StepCase) -> Result<Self> {
        let layout = Layout::contiguous(case.shape)?;
        // One sequence of numbers, halved: weights and gradients are not the same.
        let mut weights = uniform(2 * layout.len());
        let downhill = weights.split_off(layout.len());
        let host = Context::cpu().upload(&weights, case.shape)?;
        let norms = slices::compute_norms(Norm::L2, Axes::from(case.axis), &host)?;
        let gradient = context.upload(&downhill, case.shape)?;
        Ok(Start { case, layout, weights, gradient, downhill, norms })
    }

    /// A bound that no weight comes near in a step, or that none comes down to.
    pub fn projection(&self, violating: f64) -> Projection {
        // As it is in f32, in which the oracle of candidates in f64 does not round it.
        let radius = native::radius(self.norms.clone(), violating) as f32;
        Projection::max_norm(f64::from(radius), self.case.axis)
    }

    /// Both ways, in one go first.
    pub fn walkers(&self, projection: Projection) -> Result<[Walker; 2]> {
        let walker = |set, afterwards| {
            let weights = self.gradient.context().upload(&self.weights, self.case.shape)?;
            let optimizer = Optimizer::new(self.case.update, set, &weights)?;
            Ok::<_, Failure>(Walker { optimizer, afterwards })
        };
        let everything = projection.with_radius(f64::INFINITY);
        Ok([walker(projection, None)?, walker(everything, Some(projection))?])
    }

    pub fn restore(&self, walker: &Walker) -> Result<()> {
        Ok(walker.optimizer.weights().write(&self.weights)?)
    }

    /// Refuses a walker whose second step is not what the oracle says; the first has no moments.
    pub fn verify(&self, walker: &mut Walker, projection: &Projection) -> Result<()> {
        walker.step(&self.gradient)?;
        self.restore(walker)?;
        let before = walker.state()?;
        walker.step(&self.gradient)?;
        let kappa = walker.plans(&self.gradient)?.into_iter().map(|plan| plan.margin().kappa);
        let of = Step {
            update: &self.case.update,
            number: 2,
            projection,
            layout: &self.layout,
            kappa: kappa.fold(0.0, f64::max),
        };
        let verified = of.verify(&before, &self.downhill, &walker.state()?);
        verified.map_err(|failure| failure.within(&self.case.id))
    }
}

impl Walker {
    pub fn step(&mut self, gradient: &DeviceBuffer) -> Result<()> {
        self.optimizer.step(gradient)?;
        let weights = self.optimizer.weights();
        Ok(self.afterwards.map_or(Ok(()), |set| weights.context().project(&set, weights))?)
    }

    /// What is carried out, one after the other.
    pub fn plans(&self, gradient: &DeviceBuffer) -> Result<Vec<Plan>> {
        let weights = self.optimizer.weights();
        let step = self.optimizer.request(gradient, false);
        let after = self.afterwards.map(|set| Request::in_place(set, *weights.layout()));
        let plan = |request| Ok(weights.context().plan(&request)?);
        [Some(step), after].into_iter().flatten().map(plan).collect()
    }

    /// What is moved: an update onto a set that holds everything projects nothing.
    pub fn bytes(&self, gradient: &DeviceBuffer, violating: f64) -> Result<f64> {
        let plans = self.plans(gradient)?;
        let last = plans.len().saturating_sub(1);
        let of = |(index, plan): (usize, &Plan)| {
            plan.cost().bytes(if index == last { violating } else { 0.0 })
        };
        Ok(plans.iter().enumerate().map(of).sum())
    }

    /// Weights and moments, none of which is remembered being empty.
    fn state(&self) -> Result<[Vec<f32>; 3]> {
        let moment = |of: Option<&DeviceBuffer>| of.map_or(Ok(vec![]), DeviceBuffer::read);
        let Walker { optimizer, .. } = self;
        Ok([optimizer.weights().read()?, moment(optimizer.first())?, moment(optimizer.second())?])
    }
}

/// One step, as it is defined.
struct Step<'a> {
    update: &'a Update,
    number: u64,
    projection: &'a Projection,
    layout: &'a Layout,
    kappa: f64,
}

impl Step<'_> {
    /// Refuses other weights or moments than the oracle's.
    fn verify(
        &self,
        before: &[Vec<f32>; 3],
        gradient: &[f32],
        after: &[Vec<f32>; 3],
    ) -> Result<()> {
        let bands = bands::of(self.layout, self.projection.axes())?;
        bands.par_iter().try_for_each(|band| self.verify_band(band, before, gradient, after))
    }

    fn verify_band(
        &self,
        band: &Layout,
        before: &[Vec<f32>; 3],
        gradient: &[f32],
        after: &[Vec<f32>; 3],
    ) -> Result<()> {
        let unit = bands::unit(DType::F32);
        let number = |of: &[f32], place: usize| of.get(place).map_or(0.0, |&x| f64::from(x));
        let places = reference::places(band);
        let mut candidates = Vec::with_capacity(places.len());
        for &place in &places {
            let [w, moments @ ..] = before.each_ref().map(|of| number(of, place));
            let g = number(gradient, place);
            let (candidate, moments) = reference::step(self.update, self.number, w, g, moments);
            for (exact, of) in moments.into_iter().zip(&after[1..]) {
                // All steps go one way: nothing cancels.
                bands::near("moment", place, number(of, place), exact, 16.0 * unit * exact.abs())?;
            }
            candidates.push(candidate);
        }
        let layout = Layout::contiguous(band.shape())?;
        let exact = reference::project(self.projection, &candidates, &layout)?;
        for (&place, exact) in places.iter().zip(exact) {
            // A weight and its step are at most about 1.
            let allowed = 16.0 * unit + 2.0 * self.kappa * exact.abs();
            bands::near("weight", place, number(&after[0], place), exact, allowed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_step_is_refused() {
        let (context, update) = (Context::cpu(), Update::adam(0.0625));
        let case = StepCase { id: "step".into(), shape: [70, 40], axis: 0, update };
        let start = Start::new(&context, &case).expect("memory");
        for violating in VIOLATING {
            let projection = start.projection(violating);
            for mut walker in start.walkers(projection).expect("a legal request") {
                start.verify(&mut walker, &projection).expect("it is the step");
            }
        }
        let projection = start.projection(1.0);
        let [mut walker, _] = start.walkers(projection).expect("a legal request");
        let before = walker.state().expect("readable");
        walker.step(&start.gradient).expect("it runs");
        let after = walker.state().expect("readable");
        let (layout, update) = (&start.layout, &case.update);
        let of = Step { update, number: 1, projection: &projection, layout, kappa: 1e-6 };
        let verify = |after: &[Vec<f32>; 3]| of.verify(&before, &start.downhill, after).is_ok();
        assert!(verify(&after));
        for (part, error) in [(0, 1e-5), (1, 1e-6), (2, 1e-8), (0, f32::NAN)] {
            let mut planted = after.clone();
            planted[part][1234] += error;
            assert!(!verify(&planted), "{error} in part {part} was let through");
        }
        assert!(Step { number: 2, ..of }.verify(&before, &start.downhill, &after).is_err());
    }
}

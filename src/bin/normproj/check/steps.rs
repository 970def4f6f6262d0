//! Steps of optimizers with their projection, by every schedule, against their definitions.

use normproj::plan::profile::DeviceKind;
use normproj::{
    Axes, Context, DType, DeviceBuffer, Layout, Norm, Optimizer, Plan, Projection, Result,
    Schedule, Update, bf16, f16, reference,
};

use super::Outcome;
use super::family::Sample;
use super::tasks::Task;

/// Steps of each optimizer.
const STEPS: u64 = 2;

/// Weights and what follows them.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    shape: [usize; 2],
    axis: i32,
    update: Update,
}

/// Every update in shapes of every walk, in registers and beyond them.
pub(super) fn tasks() -> Vec<Task<'static>> {
    let updates = [
        Update::sgd(0.25),
        Update::momentum(0.25, 0.75).nesterov().weight_decay(0.125),
        Update::adam_w(0.25, 0.125).betas(0.75, 0.875),
    ];
    let shapes = [("rows", [9, 260], 1), ("columns", [130, 36], 0), ("long rows", [2, 40_003], 1)];
    let cases = shapes
        .into_iter()
        .flat_map(|(name, shape, axis)| updates.map(|update| Case { name, shape, axis, update }));
    let tasks = cases.flat_map(|case| {
        let of = |dtype| -> Task<'static> { Box::new(move |context| case.of(context, dtype)) };
        [DType::F32, DType::F16, DType::BF16, DType::F64].map(of)
    });
    tasks.collect()
}

impl Case {
    fn of(&self, context: &Context, dtype: DType) -> Result<Vec<Outcome>> {
        match (dtype, context.profile().kind) {
            (DType::F64, DeviceKind::Gpu(limits)) if !limits.doubles => Ok(vec![]),
            (DType::F64, _) => self.examine::<f64>(context),
            (DType::F16, _) => self.examine::<f16>(context),
            (DType::BF16, _) => self.examine::<bf16>(context),
            _ => self.examine::<f32>(context),
        }
    }

    fn projection(&self) -> Projection {
        Projection::max_norm(2.0, self.axis)
    }

    fn upload<T: Sample>(&self, context: &Context, seed: u64) -> Result<DeviceBuffer> {
        let count = (self.shape[0] * self.shape[1]) as u64;
        // Slices that are outside, and some that are inside.
        let one = |i: u64| {
            let bits = (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let size = if (i / 36).is_multiple_of(3) { 0.01 } else { 0.5 };
            size * (bits as f64 / (1u64 << 23) as f64 - 1.0)
        };
        let elements: Vec<T> = (0..count).map(|i| T::nearest(one(i))).collect();
        context.upload_as(&elements, self.shape)
    }

    fn examine<T: Sample>(&self, context: &Context) -> Result<Vec<Outcome>> {
        let weights = self.upload::<T>(context, 0)?;
        let optimizer = Optimizer::new(self.update, self.projection(), &weights)?;
        let gradient = self.upload::<T>(context, 1 << 20)?;
        let request = optimizer.request(&gradient, false);
        let schedules = Plan::legal_schedules(&request, context.profile())?;
        let one = |schedule| self.by::<T>(context, &gradient, schedule);
        schedules.into_iter().map(one).collect()
    }

    /// Steps by one schedule.
    fn by<T: Sample>(
        &self,
        context: &Context,
        gradient: &DeviceBuffer,
        schedule: Schedule,
    ) -> Result<Outcome> {
        let weights = self.upload::<T>(context, 0)?;
        let mut optimizer = Optimizer::new(self.update, self.projection(), &weights)?;
        let request = optimizer.request(gradient, false);
        let plan = Plan::with_schedule(&request, context.profile(), schedule)?;
        let kappa = plan.margin().of(Norm::L2).kappa;
        let g = wide::<T>(gradient)?;
        let (mut error, mut mismatch) = (0f64, None);
        for t in 1..=STEPS {
            let before = state::<T>(&optimizer)?;
            // It is carried out; what it reports was not asked for.
            drop(optimizer.step_by(plan.clone(), gradient)?);
            let after = state::<T>(&optimizer)?;
            let found = self.error::<T>(kappa, t, &before, &g, &after)?;
            error = error.max(found);
            if found > 1.0 || found.is_nan() {
                mismatch
                    .get_or_insert_with(|| format!("step {t} is off by {found:.2} of its bound"));
            }
        }
        Ok(Outcome {
            case: self.name,
            shape: self.shape.to_vec(),
            axes: Axes::from(self.axis).to_string(),
            form: format!("{} in {}", self.update, T::DTYPE),
            schedule: schedule.to_string(),
            kappa,
            error,
            mismatch,
        })
    }

    /// The largest error of a slice or a moment, as a part of its bound.
    fn error<T: Sample>(
        &self,
        kappa: f64,
        t: u64,
        before: &[Vec<f64>; 3],
        g: &[f64],
        after: &[Vec<f64>; 3],
    ) -> Result<f64> {
        let unit = if T::DTYPE == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        let grain = T::DTYPE.grain();
        let steps = (0..g.len()).map(|i| {
            let moments = [before[1][i], before[2][i]];
            reference::step(&self.update, t, before[0][i], g[i], moments)
        });
        let (weights, moments): (Vec<f64>, Vec<[f64; 2]>) = steps.unzip();
        // Numbers of steps are under 8; ε and the roots of Adam are far above their rounding.
        let rounding = |x: f64| 64.0 * unit + 2.0 * (grain.relative * x.abs() + grain.absolute);
        let of_moments = moments
            .iter()
            .enumerate()
            .flat_map(|(i, of)| [0, 1].map(|k| (after[k + 1][i] - of[k]).abs() / rounding(of[k])));
        let mut most = of_moments.fold(0.0, f64::max);
        let layout = Layout::contiguous(self.shape)?;
        let exact = reference::project(&self.projection(), &weights, &layout)?;
        for slice in reference::slices(self.projection().axes(), &self.shape)? {
            let square =
                |x: &dyn Fn(usize) -> f64| slice.iter().map(|&i| x(i) * x(i)).sum::<f64>().sqrt();
            // A projection brings nothing further apart.
            let allowed = 2.0 * square(&|i| rounding(weights[i])) + 8.0 * kappa;
            most = most.max(square(&|i| after[0][i] - exact[i]) / allowed);
        }
        Ok(most)
    }
}

/// Weights and moments; zeros where there is none.
fn state<T: Sample>(optimizer: &Optimizer) -> Result<[Vec<f64>; 3]> {
    let weights = wide::<T>(optimizer.weights())?;
    let zeros = vec![0.0; weights.len()];
    let moment = |of: Option<&DeviceBuffer>| of.map_or(Ok(zeros.clone()), wide::<T>);
    let moments = [moment(optimizer.first())?, moment(optimizer.second())?];
    let [first, second] = moments;
    Ok([weights, first, second])
}

fn wide<T: Sample>(buffer: &DeviceBuffer) -> Result<Vec<f64>> {
    Ok(buffer.read_as::<T>()?.into_iter().map(|x| x.into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_on_the_cpu_and_an_error_is_caught() {
        let context = Context::cpu();
        let case =
            Case { name: "rows", shape: [9, 260], axis: 1, update: Update::adam_w(0.25, 0.125) };
        let outcomes = case.of(&context, DType::F32).expect("it runs");
        assert!(!outcomes.is_empty() && outcomes.iter().all(|one| one.mismatch.is_none()));
        let weights = case.upload::<f32>(&context, 0).expect("memory");
        let gradient = case.upload::<f32>(&context, 1 << 20).expect("memory");
        let mut optimizer =
            Optimizer::new(case.update, case.projection(), &weights).expect("valid");
        let before = state::<f32>(&optimizer).expect("read");
        optimizer.step(&gradient).expect("it runs");
        let mut after = state::<f32>(&optimizer).expect("read");
        let g = wide::<f32>(&gradient).expect("read");
        assert!(case.error::<f32>(0.0, 1, &before, &g, &after).expect("valid") <= 1.0);
        after[0][300] += 1e-3;
        assert!(case.error::<f32>(0.0, 1, &before, &g, &after).expect("valid") > 1.0);
    }
}

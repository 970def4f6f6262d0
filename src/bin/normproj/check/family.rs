//! Every set of the family, in every dtype that a device has, with radii in memory and along directions too.

use normproj::plan::margin::{Bounds, Margin};
use normproj::plan::profile::DeviceKind;
use normproj::plan::request::Request;
use normproj::{
    Axes, Context, DType, DeviceBuffer, Element, Layout, Norm, Plan, Projection, Result, Schedule,
    Set, bf16, f16, reference,
};

use super::Outcome;
use super::tasks::Task;

/// Elements that are made from a number.
pub(super) trait Sample: Element {
    fn nearest(value: f64) -> Self;
}

macro_rules! samples {
    ($($element:ty: $of:expr),*) => {$(
        impl Sample for $element {
            fn nearest(value: f64) -> Self {
                ($of)(value)
            }
        }
    )*};
}

samples!(f32: |value| value as f32, f16: f16::from_f64, bf16: bf16::from_f64, f64: |value| value);

/// A view of slices.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    layout: Layout,
    axes: Axes,
}

/// What is read beside the tensor.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    Nothing,
    Radii,
    Direction,
}

/// Shapes of every walk, in registers and beyond them.
fn shapes() -> Result<Vec<Shape>> {
    let whole = |name, shape: [usize; 2], axis: i32| {
        Ok(Shape { name, layout: Layout::contiguous(shape)?, axes: Axes::from(axis) })
    };
    let transposed = Layout::contiguous([43, 59])?.permuted(&[1, 0])?;
    Ok(vec![
        whole("rows", [9, 260], 1)?,
        whole("columns", [130, 36], 0)?,
        whole("long rows", [2, 40_003], 1)?,
        Shape { name: "transposed", layout: transposed, axes: Axes::from(0) },
    ])
}

/// The sets, and what each reads beside the tensor. Radii are elements of every dtype.
fn sets(axes: Axes) -> Result<Vec<(Projection, Beside)>> {
    let max_norm = |norm| Projection::max_norm(2.0, axes).norm_in(norm);
    let unit_norm = |norm| Projection::unit_norm(axes).norm_in(norm);
    let lp = Norm::lp(3.5)?;
    let alone = [
        max_norm(Norm::L1),
        max_norm(Norm::L2),
        max_norm(Norm::Linf).with_radius(0.5),
        max_norm(lp),
        unit_norm(Norm::L1),
        unit_norm(Norm::L2),
        unit_norm(Norm::Linf),
        unit_norm(lp),
        Projection::min_max_norm(1.0, 2.0, axes).rate(0.5),
        Projection::ball(Norm::L1, 2.0, axes),
        Projection::ball(Norm::L2, 2.0, axes),
        Projection::ball(Norm::Linf, 0.5, axes),
        Projection::sphere(Norm::L1, 2.0, axes),
        Projection::sphere(Norm::L2, 2.0, axes),
        Projection::simplex(1.0, axes),
        Projection::bounds(-0.25, 0.5),
        Projection::non_negative(),
        Projection::clip_norm(2.0, axes),
        Projection::clip_average_norm(0.001, axes),
        Projection::clip_rms(0.25, axes),
    ];
    let with_radii = [max_norm(Norm::L1), max_norm(Norm::L2), Projection::weight_norm(axes)];
    let along = [
        Projection::hyperplane(0.5, axes),
        Projection::half_space(0.5, axes),
        Projection::line(axes),
    ];
    let beside = |beside| move |projection| (projection, beside);
    let alone = alone.into_iter().map(beside(Beside::Nothing));
    let with_radii = with_radii.into_iter().map(beside(Beside::Radii));
    Ok(alone.chain(with_radii).chain(along.into_iter().map(beside(Beside::Direction))).collect())
}

/// Every set on slices of every shape.
pub fn tasks() -> Result<Vec<Task<'static>>> {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for shape in shapes()? {
        for (projection, beside) in sets(shape.axes)? {
            tasks.push(Box::new(move |context| examine(context, &shape, &projection, beside)));
        }
    }
    Ok(tasks)
}

/// A set in every dtype.
fn examine(
    context: &Context,
    shape: &Shape,
    projection: &Projection,
    beside: Beside,
) -> Result<Vec<Outcome>> {
    let mut outcomes = schedules::<f32>(context, shape, projection, beside)?;
    outcomes.extend(schedules::<f16>(context, shape, projection, beside)?);
    outcomes.extend(schedules::<bf16>(context, shape, projection, beside)?);
    if serves(context, DType::F64) {
        outcomes.extend(schedules::<f64>(context, shape, projection, beside)?);
    }
    Ok(outcomes)
}

/// Whether a device works on a dtype.
pub fn serves(context: &Context, dtype: DType) -> bool {
    match context.profile().kind {
        DeviceKind::Gpu(limits) => dtype != DType::F64 || limits.doubles,
        DeviceKind::Native { .. } => true,
    }
}

/// The schedule that is chosen, and of f32, where that keeps slices on chip, one that does not: programs of
/// other dtypes differ from its in what they load and store, which the first shows.
fn schedules<T: Sample>(
    context: &Context,
    shape: &Shape,
    projection: &Projection,
    beside: Beside,
) -> Result<Vec<Outcome>> {
    let trial = Trial::<T>::new(shape, projection, beside)?;
    let chosen = Plan::new(&trial.request, context.profile())?;
    let legal = Plan::legal_schedules(&trial.request, context.profile())?;
    let streams = |schedule: &Schedule| matches!(schedule, Schedule::Partial { .. });
    let other =
        legal.into_iter().find(|schedule| streams(schedule) && !streams(&chosen.schedule()));
    let other =
        other.map(|schedule| Plan::with_schedule(&trial.request, context.profile(), schedule));
    [Some(Ok(chosen)), other]
        .into_iter()
        .flatten()
        .map(|plan| {
            let plan = plan?;
            let found = trial.run(context, &plan).unwrap_or_else(|error| Err(error.to_string()));
            let form = match beside {
                Beside::Radii => format!("{projection} {} with radii", T::DTYPE),
                _ => format!("{projection} {}", T::DTYPE),
            };
            Ok(Outcome {
                case: shape.name,
                shape: shape.layout.shape().to_vec(),
                axes: shape.axes.to_string(),
                form,
                schedule: plan.schedule().to_string(),
                kappa: plan.margin().of(projection.norm()).kappa,
                error: *found.as_ref().unwrap_or(&0.0),
                mismatch: found.err(),
            })
        })
        .collect()
}

/// A request, what it reads, and what the oracle makes of it.
struct Trial<T> {
    projection: Projection,
    request: Request,
    data: Vec<T>,
    radii: Vec<f64>,
    direction: Vec<T>,
    exact: Vec<f64>,
    places: Vec<usize>,
}

impl<T: Sample> Trial<T> {
    fn new(shape: &Shape, projection: &Projection, beside: Beside) -> Result<Self> {
        let layout = shape.layout;
        let wave = |rate: f64| move |i: usize| T::nearest((i as f64 * rate).sin());
        let data: Vec<T> = (0..layout.end()).map(wave(0.37)).collect();
        let direction: Vec<T> = (0..layout.end()).map(wave(0.71)).collect();
        let slices = reference::slices(shape.axes, layout.shape())?.len();
        // Powers of two are elements of every dtype.
        let radii: Vec<f64> = (0..slices).map(|i| 0.5 * f64::from(1u32 << (i % 3))).collect();
        let request = Request::in_place(*projection, layout).of(T::DTYPE);
        let (request, exact) = match beside {
            Beside::Nothing => (request, reference::project(projection, &data, &layout)?),
            Beside::Radii => {
                let exact = reference::project_with_radii(projection, &data, &layout, &radii)?;
                let request = request.with_radii(Layout::contiguous([slices])?);
                (request, exact.into_iter().map(|y| y.high).collect())
            }
            Beside::Direction => {
                let along =
                    reference::project_along(projection, &data, &layout, &direction, &layout)?;
                (request.along(layout), along)
            }
        };
        let (projection, places) = (*projection, reference::places(&layout));
        Ok(Trial { projection, request, data, radii, direction, exact, places })
    }

    /// The largest error as a fraction of the bound, or what was wrong.
    fn run(&self, context: &Context, plan: &Plan) -> Result<std::result::Result<f64, String>> {
        let view = |data: &[T]| -> Result<DeviceBuffer> {
            context.upload_as(data, [data.len()])?.view(self.request.source)
        };
        let tensor = view(&self.data)?;
        let pending = match (self.request.radii, self.request.direction) {
            (Some(_), _) => {
                let radii = self.upload_radii(context)?;
                context.run_with_radii(plan, &tensor, &tensor, Some(&radii))?
            }
            (_, Some(_)) => context.run_along(plan, &tensor, &tensor, &view(&self.direction)?)?,
            _ => context.run(plan, &tensor, &tensor)?,
        };
        drop(pending);
        let found: Vec<T> = tensor.read_as()?;
        Ok(self.judge(&found, plan.margin()))
    }

    fn upload_radii(&self, context: &Context) -> Result<DeviceBuffer> {
        match self.request.radii_dtype() {
            DType::F64 => context.upload_as(&self.radii, [self.radii.len()]),
            _ => {
                let radii: Vec<f32> = self.radii.iter().map(|&r| r as f32).collect();
                context.upload(&radii, [radii.len()])
            }
        }
    }

    /// `found` is the view in row-major order.
    fn judge(&self, found: &[T], margin: Margin) -> std::result::Result<f64, String> {
        let Bounds { kappa, sigma } = margin.of(self.projection.norm());
        let (grain, c) = (T::DTYPE.grain(), self.projection.radius());
        // What is moved by a distance has no relative bound.
        let moved = match self.projection.set() {
            Set::Bounds { .. } | Set::Ball { norm: Norm::Linf, .. } => 0.0,
            Set::Ball { norm: Norm::L1, .. } | Set::Sphere { norm: Norm::L1, .. } => {
                2.0 * kappa * c
            }
            Set::Simplex { .. } => 2.0 * kappa * c,
            // Sums of products may cancel: their error is relative to the norms.
            _ if self.request.direction.is_some() => {
                (2.0 * sigma + 16.0 * margin.unit) * (self.data.len() as f64).sqrt()
            }
            _ => 0.0,
        };
        let mut worst = 0.0f64;
        for (i, (&y, &exact)) in found.iter().zip(&self.exact).enumerate() {
            let own = 2.0 * kappa * exact.abs() + moved + f64::from(f32::MIN_POSITIVE);
            let bound = own + grain.relative * (exact.abs() + own) + grain.absolute;
            let y: f64 = y.into();
            let error = (y - exact).abs() / bound;
            if error.is_nan() || error > 1.0 {
                let x: f64 = self.data[self.places[i]].into();
                return Err(format!("element {i}: {x:e} became {y:e}, exactly {exact:e}"));
            }
            worst = worst.max(error);
        }
        Ok(worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial<T: Sample>(projection: Projection) -> (Trial<T>, Vec<T>, Margin) {
        let shape = &shapes().unwrap()[0];
        let trial = Trial::<T>::new(shape, &projection, Beside::Nothing).unwrap();
        let exact = trial.exact.iter().map(|&y| T::nearest(y)).collect();
        (trial, exact, Margin::f32(20))
    }

    #[test]
    fn errors_beyond_the_bound_are_caught() {
        let projection = Projection::max_norm(1.0, 1);
        let (trial, exact, margin) = trial::<f32>(projection);
        assert!(trial.judge(&exact, margin).is_ok());
        for spoil in [|y: f32| y * 1.0001, |y: f32| y + 1e-4, |_: f32| f32::NAN] {
            let mut found = exact.clone();
            found[7] = spoil(found[7]);
            assert!(trial.judge(&found, margin).is_err());
        }
        let (trial, exact, margin) = self::trial::<f16>(projection);
        assert!(trial.judge(&exact, margin).is_ok());
        let spoilt: Vec<f16> = exact.iter().map(|y| f16::from_f64(y.to_f64() * 1.002)).collect();
        assert!(trial.judge(&spoilt, margin).is_err());
    }
}

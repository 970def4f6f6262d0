//! What is promised of slices that move along a direction, slice by slice.

use normproj::plan::margin::Margin;
use normproj::{DType, Layout, Norm, OnNonFinite, Projection, Rounding, Set, reference};

use super::Tensor;
use crate::values::{Value, least_normal, subnormal_step};

/// A request and the memories that it meets.
pub struct Scene<'a, T> {
    pub projection: Projection,
    /// What offsets are multiplied by, one for each slice or one for all.
    pub radii: Option<&'a [f64]>,
    pub margin: Margin,
    pub source: Tensor<'a, T>,
    pub direction: Tensor<'a, T>,
    pub target: &'a Layout,
    /// The memory of the target, before.
    pub before: &'a [T],
}

/// What a report must say. Of pairs it may say anything between the two: what is decided near a plane, or
/// of subnormal numbers.
#[derive(Debug, Default)]
pub struct Counts {
    pub slices: u64,
    pub changed: [u64; 2],
    pub zero: u64,
    pub non_finite: u64,
    pub first_non_finite: Option<u64>,
    pub degenerate: [u64; 2],
    pub invalid: u64,
    pub largest: f64,
    pub mean: f64,
    /// How far the two may be off.
    pub error: f64,
}

/// What a slice may be off by.
struct Limits {
    /// Of the product with the direction.
    rim: f64,
    /// Of the length of the component along the direction.
    component: f64,
    /// Of elements, by parts of the direction's, of the way and of the elements, and in any case.
    along: f64,
    relative: f64,
    absolute: f64,
}

/// Judges what a run left behind.
pub fn judge<T: Value>(scene: &Scene<T>, after: &[T]) -> Result<Counts, Vec<String>> {
    let mut wrong = Vec::new();
    let view: Vec<usize> = reference::places(scene.target);
    let mut outside: Vec<bool> = vec![true; after.len()];
    view.iter().for_each(|&place| outside[place] = false);
    for place in (0..after.len()).filter(|&place| outside[place]) {
        if after[place].bits() != scene.before[place].bits() {
            wrong.push(format!("place {place} is outside of the view"));
        }
    }
    let x = gathered(scene.source);
    let y: Vec<T> = view.iter().map(|&place| after[place]).collect();
    let a = spread(scene.source.layout.shape(), scene.direction);
    let exact = exact(scene);
    let axes = scene.projection.axes();
    let slices = reference::slices(axes, scene.source.layout.shape()).expect("valid axes");
    let mut counts = Counts { slices: slices.len() as u64, ..Counts::default() };
    let mut sum = 0.0;
    for (number, slice) in slices.iter().enumerate() {
        let of = |all: &[T]| -> Vec<T> { slice.iter().map(|&i| all[i]).collect() };
        let exact: Vec<f64> = slice.iter().map(|&i| exact[i]).collect();
        let one = Slice { x: of(&x), a: of(&a), y: of(&y), exact };
        let own = own(scene, number, T::DTYPE);
        if let Err(detail) = one.judge(scene, own, number as u64, &mut counts, &mut sum) {
            wrong.push(format!("slice {number}: {detail}{}", one.shown()));
        }
    }
    let finite = counts.slices - counts.non_finite;
    counts.mean = if finite == 0 { 0.0 } else { sum / finite as f64 };
    if wrong.is_empty() { Ok(counts) } else { Err(wrong) }
}

/// The projection of a slice; none if its offset is none.
fn own<T>(scene: &Scene<T>, number: usize, dtype: DType) -> Option<Projection> {
    let Some(radii) = scene.radii else { return Some(scene.projection) };
    let r = radii[if radii.len() == 1 { 0 } else { number }];
    reference::of_radius(&scene.projection, r, dtype).map(|(own, _)| own)
}

fn exact<T: Value>(scene: &Scene<T>) -> Vec<f64> {
    let (source, along) = (scene.source, scene.direction);
    let exact = match scene.radii {
        None => reference::project_along_double(
            &scene.projection,
            source.elements,
            source.layout,
            along.elements,
            along.layout,
        ),
        Some(radii) => reference::project_along_with_radii(
            &scene.projection,
            source.elements,
            source.layout,
            along.elements,
            along.layout,
            radii,
        ),
    };
    exact.expect("a valid case").into_iter().map(|y| y.high).collect()
}

struct Slice<T> {
    x: Vec<T>,
    a: Vec<T>,
    y: Vec<T>,
    exact: Vec<f64>,
}

impl<T: Value> Slice<T> {
    fn judge(
        &self,
        scene: &Scene<T>,
        own: Option<Projection>,
        number: u64,
        counts: &mut Counts,
        sum: &mut f64,
    ) -> Result<(), String> {
        counts.invalid += u64::from(own.is_none() && !self.x.is_empty());
        let kept = self.x.iter().zip(&self.y).all(|(x, y)| x.bits() == y.bits());
        let must_keep = |why: &str| if kept { Ok(()) } else { Err(format!("changed, but {why}")) };
        if !self.x.iter().all(|x| x.is_finite()) {
            counts.non_finite += 1;
            counts.first_non_finite.get_or_insert(number);
            if own.is_none() || scene.projection.policy() == OnNonFinite::Leave {
                return must_keep("it is not finite");
            }
            let same = |(y, e): (&T, &f64)| y.wide() == *e || y.is_nan() && e.is_nan();
            let all = self.y.iter().zip(&self.exact).all(same);
            return if all { Ok(()) } else { Err(format!("{:?}, not {:?}", self.y, self.exact)) };
        }
        counts.zero += u64::from(self.x.iter().all(|x| x.wide() == 0.0));
        if self.x.is_empty() {
            return Ok(());
        }
        if !self.a.iter().all(|a| a.is_finite()) || self.a.iter().all(|a| a.wide() == 0.0) {
            counts.degenerate.iter_mut().for_each(|count| *count += 1);
            return must_keep("its direction is none");
        }
        match own {
            Some(own) => self.judge_finite(scene, own, counts, sum),
            None => {
                let length = reference::norm(Norm::L2, &self.a);
                match self.limits(scene, reference::norm(Norm::L2, &self.x), length, 0.0) {
                    Some(limits) => self.measure(&limits, counts, sum),
                    None => self.obscure(counts),
                }
                must_keep("its offset is none")
            }
        }
    }

    /// What it is, if it is short.
    fn shown(&self) -> String {
        let wide = |all: &[T]| all.iter().map(|x| x.wide()).collect::<Vec<f64>>();
        match self.x.len() {
            0..=8 => format!(", of {:?} along {:?}", wide(&self.x), wide(&self.a)),
            _ => String::new(),
        }
    }

    /// Of directions of subnormal numbers some adapters know nothing.
    fn obscure(&self, counts: &mut Counts) {
        counts.degenerate[1] += 1;
        counts.error = f64::INFINITY;
    }

    fn measure(&self, limits: &Limits, counts: &mut Counts, sum: &mut f64) {
        let component = reference::component(&self.x, &self.a);
        counts.largest = counts.largest.max(component);
        counts.error = counts.error.max(limits.component + 1e-6 * component);
        *sum += component;
    }

    fn judge_finite(
        &self,
        scene: &Scene<T>,
        own: Projection,
        counts: &mut Counts,
        sum: &mut f64,
    ) -> Result<(), String> {
        let (set, b) = (own.set(), offset(&own, T::DTYPE));
        let (norm, length) =
            (reference::norm(Norm::L2, &self.x), reference::norm(Norm::L2, &self.a));
        let limits = self.limits(scene, norm, length, b);
        let Some(limits) = limits else {
            counts.changed[1] += 1;
            self.obscure(counts);
            return self.y.iter().all(|y| y.is_finite()).then_some(()).ok_or("not finite".into());
        };
        let product = reference::exact_product(&self.x, &self.a).0;
        let above = product - b;
        let inside = matches!(set, Set::HalfSpace { .. }) && above <= -limits.rim;
        let moves = match set {
            Set::HalfSpace { .. } => above > limits.rim,
            Set::Line => true,
            _ => above.abs() > limits.rim,
        };
        counts.changed[0] += u64::from(moves);
        counts.changed[1] += u64::from(!inside);
        self.measure(&limits, counts, sum);
        if inside && self.x.iter().zip(&self.y).any(|(x, y)| x.bits() != y.bits()) {
            return Err(format!("changed, but inside: {product:e} of {b:e} ± {:e}", limits.rim));
        }
        let largest = T::DTYPE.largest();
        let mut room = 0.0;
        for (i, (y, &e)) in self.y.iter().zip(&self.exact).enumerate() {
            let (y, a, x) = (y.wide(), self.a[i].wide(), self.x[i].wide());
            // Before it is a part of what is allowed: nothing times infinity is NaN.
            let e = e.clamp(-largest, largest);
            let way = if set == Set::Line { e } else { x - e };
            let sizes = x.abs() + e.abs() + way.abs();
            let rounding = limits.relative * sizes + self.grain(scene) * e.abs();
            // An adapter may take what is subnormal for zero: along it nothing moves.
            let lost = if a.abs() < least_normal(T::DTYPE) { way.abs() } else { 0.0 };
            let allowed = limits.along * a.abs() + rounding + limits.absolute + lost;
            if !((y - e).abs() <= allowed && y.is_finite()) {
                return Err(format!("element {i} is {y:e}, exactly {e:e} ± {allowed:e}"));
            }
            room += a.abs() * (self.grain(scene) * y.abs() + limits.absolute + lost);
        }
        if self.exact.iter().any(|e| e.abs() > largest) {
            return Ok(());
        }
        let of_result = reference::exact_product(&self.y, &self.a).0;
        let residual = match set {
            Set::Line => of_result - product,
            Set::HalfSpace { .. } => (of_result - b).max(0.0),
            _ => (of_result - b).abs(),
        };
        match residual.abs() <= limits.rim + room || !residual.is_finite() {
            true => Ok(()),
            false => Err(format!("the residual is {residual:e}, over {:e} + {room:e}", limits.rim)),
        }
    }

    /// What rounding an element to its dtype may change, relatively.
    fn grain(&self, scene: &Scene<T>) -> f64 {
        let cut = scene.projection.rounds() == Rounding::TowardZero;
        T::DTYPE.grain().relative * if cut { 2.0 } else { 1.0 }
    }

    /// None where the direction is so small that subnormal elements matter to it.
    fn limits(&self, scene: &Scene<T>, norm: f64, length: f64, b: f64) -> Option<Limits> {
        let root = (self.x.len() as f64).sqrt();
        let flushed = root * least_normal(T::DTYPE);
        if length < 1e4 * flushed || !length.is_finite() || !norm.is_finite() {
            return None;
        }
        let b = if b.is_finite() { b.abs() } else { 0.0 };
        // A subnormal offset is rounded by a part of it that is not small, or is exact on a device that keeps
        // its exponent apart.
        let step = if b < least_normal(T::DTYPE) { subnormal_step(T::DTYPE) } else { 0.0 };
        let kappa = scene.margin.along() + 4.0 * flushed / length;
        // Products under f64 are not told apart.
        let rim = (kappa * (length * norm + b) + length * flushed + step).max(f64::MIN_POSITIVE);
        let component = kappa * (norm + b / length) + flushed + step / length;
        let cut = scene.projection.rounds() == Rounding::TowardZero;
        let absolute = T::DTYPE.grain().absolute * if cut { 2.0 } else { 1.0 };
        Some(Limits {
            rim,
            component,
            along: (component + flushed) / length,
            relative: 4.0 * scene.margin.unit,
            absolute: absolute + 8.0 * least_normal(T::DTYPE),
        })
    }
}

/// The offset of a plane as the library works with it; 0 of a line.
fn offset(projection: &Projection, dtype: DType) -> f64 {
    match projection.set() {
        Set::Hyperplane { offset } | Set::HalfSpace { offset } if offset.is_finite() => {
            reference::radius_in(dtype, offset.abs()).copysign(offset)
        }
        Set::HalfSpace { offset } => offset,
        _ => 0.0,
    }
}

fn gathered<T: Value>(tensor: Tensor<T>) -> Vec<T> {
    reference::places(tensor.layout).into_iter().map(|place| tensor.elements[place]).collect()
}

/// The direction of each element, by plain counting.
fn spread<T: Value>(shape: &[usize], direction: Tensor<T>) -> Vec<T> {
    let elements = gathered(direction);
    let sizes = direction.layout.shape();
    let one = |mut number: usize| {
        let (mut place, mut step) = (0, 1);
        for d in (0..shape.len()).rev() {
            let i = number % shape[d];
            number /= shape[d];
            place += if sizes[d] == 1 { 0 } else { i * step };
            step *= sizes[d];
        }
        elements[place]
    };
    (0..shape.iter().product()).map(one).collect()
}

//! Elements of 16 bits: loads and stores, rounding, and all that a projection promises of them.

mod clips;
mod edges;
mod groups;
mod models;
mod narrowing;
mod neighbours;
mod sets;

use normproj::{Context, DType, Element, Plan, Request, bf16, f16};

/// An element of 16 bits.
pub trait Half: Element + Copy + Into<f64> {
    fn of_bits(bits: u16) -> Self;
    fn bits(self) -> u16;
    /// One of the two elements beside `x`.
    fn beside(x: f64) -> Self;

    /// The element next to `x` that is not beyond it.
    fn toward_zero(x: f64) -> Self {
        let near = Self::beside(x);
        match near.into().abs() > x.abs() {
            true => Self::of_bits(near.bits() - 1),
            false => near,
        }
    }

    /// The nearest element, of two the even one: conversions from f64 of the crate `half` forget what
    /// is in the low half of its mantissa.
    fn nearest(x: f64) -> Self {
        if !x.is_finite() {
            return Self::beside(x);
        }
        let below = Self::toward_zero(x);
        let size = |bits: u16| Self::of_bits(bits).into().abs();
        let (here, next) = (size(below.bits()), size(below.bits() + 1));
        // The spacing beyond the largest number is that before it.
        let next = if next.is_infinite() { 2.0 * here - size(below.bits() - 1) } else { next };
        let half_way = (here + next) / 2.0;
        let up = x.abs() > half_way || (x.abs() == half_way && below.bits() % 2 == 1);
        Self::of_bits(below.bits() + u16::from(up))
    }
}

impl Half for f16 {
    fn of_bits(bits: u16) -> Self {
        f16::from_bits(bits)
    }

    fn bits(self) -> u16 {
        self.to_bits()
    }

    fn beside(x: f64) -> Self {
        f16::from_f64(x)
    }
}

impl Half for bf16 {
    fn of_bits(bits: u16) -> Self {
        bf16::from_bits(bits)
    }

    fn bits(self) -> u16 {
        self.to_bits()
    }

    fn beside(x: f64) -> Self {
        bf16::from_f64(x)
    }
}

pub fn bits<T: Half>(elements: &[T]) -> Vec<u16> {
    elements.iter().map(|x| x.bits()).collect()
}

/// Carries out a plan in place, on a contiguous tensor.
pub fn run<T: Half>(context: &Context, plan: &Plan, host: &[T]) -> Vec<T> {
    let tensor = context.upload_as(host, plan.request().source.shape()).unwrap();
    let _ = context.run(plan, &tensor, &tensor).unwrap();
    tensor.read_as().unwrap()
}

/// Every legal plan whose number leaves `part` when it is divided by `of`, and the chosen one.
pub fn plans(request: &Request, context: &Context, part: usize, of: usize) -> Vec<Plan> {
    let profile = context.profile();
    let legal = Plan::legal_schedules(request, profile).unwrap();
    let some = legal.iter().skip(part % of).step_by(of);
    let forced = some.map(|&forced| Plan::with_schedule(request, profile, forced).unwrap());
    forced.chain([Plan::new(request, profile).unwrap()]).collect()
}

/// Whether devices that take subnormal f32 for zeros still know the element.
pub fn is_kept<T: Half>(x: T) -> bool {
    T::DTYPE == DType::F16 || x.into() == 0.0 || x.into().abs() >= f64::from(f32::MIN_POSITIVE)
}

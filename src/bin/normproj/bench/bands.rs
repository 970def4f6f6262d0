//! The oracle on all threads, a band of whole slices at a time: it is naive, and a tensor of a gigabyte would take minutes and
//! more than ten gigabytes at once.

use normproj::{Axes, DType, Element, Layout, Norm, reference};
use rayon::prelude::*;

use crate::failure::{Failure, Result};

/// Elements of a band, about; of what lies side by side there are whole lines of a cache in it.
const BAND: usize = 1 << 17;
const SIDE_BY_SIDE: usize = 16;

/// Views of a tensor that hold all of its slices, each in one of them.
pub fn of(layout: &Layout, axes: Axes) -> Result<Vec<Layout>> {
    let reduced = axes.resolve(layout.shape())?;
    let kept = (0..layout.rank()).filter(|&axis| !reduced[axis]);
    let Some(axis) = kept.max_by_key(|&axis| layout.shape()[axis]) else {
        return Ok(vec![*layout]);
    };
    let size = layout.shape()[axis];
    let step = (BAND * size / layout.len().max(1)).clamp(SIDE_BY_SIDE, size.max(SIDE_BY_SIDE));
    let band = |start: usize| {
        let mut shape = layout.shape().to_vec();
        shape[axis] = step.min(size - start);
        let offset = layout.offset() + start * layout.strides()[axis];
        Ok(Layout::strided(&shape, layout.strides(), offset)?)
    };
    (0..size).step_by(step).map(band).collect()
}

/// The norms that the oracle gives the slices of a tensor, by the band: what takes its time is the same for every radius.
pub struct Norms {
    axes: Axes,
    bands: Vec<(Layout, Vec<f64>)>,
}

impl Norms {
    pub fn new<T: Element>(before: &[T], layout: &Layout, axes: Axes) -> Result<Self> {
        let norms = |band: Layout| Ok((band, reference::norms(Norm::L2, axes, before, &band)?));
        let bands = of(layout, axes)?.into_par_iter().map(norms).collect::<Result<_>>()?;
        Ok(Norms { axes, bands })
    }

    /// Refuses a tensor that is not the exact projection onto slices of this norm of what it was, up to an error of 2κ
    /// of each element and the rounding to its dtype.
    pub fn verify<T: Element>(
        &self,
        radius: f64,
        before: &[T],
        after: &[T],
        kappa: f64,
    ) -> Result<()> {
        let (radius, grain) = (reference::radius_in(T::DTYPE, radius), T::DTYPE.grain());
        // The rounding of a factor and of a product; toward zero it is twice that to nearest.
        let relative = 2.0 * (kappa + unit(T::DTYPE) + grain.relative);
        self.bands.par_iter().try_for_each(|(band, norms)| {
            let places = reference::places(band);
            for (slice, norm) in reference::slices(self.axes, band.shape())?.iter().zip(norms) {
                for place in slice.iter().map(|&number| places[number]) {
                    let x: f64 = before[place].into();
                    let exact = if *norm > radius { x * (radius / norm) } else { x };
                    let allowed = relative * exact.abs() + 2.0 * grain.absolute;
                    near("element", place, after[place].into(), exact, allowed)?;
                }
            }
            Ok(())
        })
    }
}

/// Refuses a number that is further from another than it may be, and NaN.
pub fn near(what: &str, place: usize, found: f64, exact: f64, allowed: f64) -> Result<()> {
    match (found - exact).abs() <= allowed {
        true => Ok(()),
        false => Err(Failure::new(format!("{what} {place} is {found}, not {exact}"))),
    }
}

/// The rounding of the arithmetic that a dtype is worked with.
pub fn unit(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use normproj::{Projection, f16};

    #[test]
    fn bands_hold_each_slice_once() {
        for (shape, axes) in [
            (vec![1000, 700], Axes::from(1)),
            (vec![700, 1000], Axes::from(0)),
            (vec![3, 3, 40, 900], Axes::from([0, 1, 2])),
            (vec![90, 70, 90], Axes::from([0, 2])),
            (vec![1, 300_000], Axes::from(1)),
            (vec![300_000], Axes::all()),
            (vec![5, 0], Axes::from(1)),
        ] {
            let layout = Layout::contiguous(&shape).expect("a shape");
            let bands = of(&layout, axes).expect("axes");
            let mut places: Vec<usize> = bands.iter().flat_map(reference::places).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..layout.len()), "{shape:?}");
            let slices = |of: &Layout| reference::slices(axes, of.shape()).expect("axes");
            let length = |of: &Layout| slices(of).first().map_or(0, Vec::len);
            assert!(bands.iter().all(|band| length(band) == length(&layout)), "{shape:?}");
        }
        let wide = Layout::contiguous([700, 1000]).expect("a shape");
        assert!(of(&wide, Axes::from(0)).expect("axes").len() > 1, "all in one");
    }

    #[test]
    fn what_is_not_the_projection_is_refused() {
        let before = crate::bench::cases::uniform(300 * 500);
        planted(&before, |x| x * (1.0 + 1e-5));
        let halves = crate::bench::cases::halves(&before);
        planted(&halves, |x| f16::from_f32(x.to_f32() * 1.01));
    }

    /// What the oracle projects is let through, rounded to the dtype, and that with an error is not.
    fn planted<T: Element>(before: &[T], off: impl Fn(T) -> T) {
        let layout = Layout::contiguous([300, 500]).expect("a shape");
        let norms = Norms::new(before, &layout, Axes::from(0)).expect("axes");
        // Some slices are inside of the last.
        for radius in [0.5, 10.0] {
            let projection = Projection::max_norm(radius, 0);
            let work = normproj::Context::cpu().upload_as(before, [300, 500]).expect("memory");
            work.context().project(&projection, &work).expect("a legal request");
            let after = work.read_as::<T>().expect("readable");
            let verified = |after: &[T]| norms.verify(radius, before, after, 1e-6).is_ok();
            assert!(verified(&after), "{radius}");
            let oracle = reference::project(&projection, before, &layout).expect("legal");
            let relative = 2e-6 + 2.0 * T::DTYPE.grain().relative;
            for (place, (&y, exact)) in after.iter().zip(oracle).enumerate() {
                let allowed = relative * exact.abs() + 1e-6;
                near("element", place, y.into(), exact, allowed).expect("both agree");
            }
            for place in [0, 77_777, before.len() - 1] {
                let mut wrong = after.clone();
                wrong[place] = off(wrong[place]);
                assert!(!verified(&wrong), "{place}");
            }
            assert!(!verified(before), "{radius}: nothing was done");
        }
        assert!(near("element", 0, f64::NAN, 1.0, 1.0).is_err());
    }
}

//! Tensors whose parts are on several ranks: local statistics, any all-reduce of them, and each part scaled.

mod bytes;
mod magnitude;
mod measure;
mod radii;
mod statistics;

pub use statistics::Statistics;

use crate::axes::Axes;
use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::norm::Norm;
use crate::plan::margin::{Margin, toward_zero};
use crate::plan::powers::times_power;
use crate::plan::request::Request;
use crate::plan::slack::Slack;
use crate::projection::{Formula, OnNonFinite, Projection, Rounding, Set};
use magnitude::Magnitude;
use measure::Measure;
use radii::Goal;

/// The part of a tensor that is at hand, of which other ranks have the rest: max-norm and clip by norm, in
/// any norm, of slices that lie across ranks.
///
/// Let slice i be made up of the parts `x⁽¹⁾, x⁽²⁾, …`, one on each rank. Its norm is
/// `nᵢ = (Σₖ ‖x⁽ᵏ⁾‖ᵖ)^(1/p)`, so that the only thing that ranks need of each other is a number for each slice:
///
/// 1. [`Shard::statistics`] measures the part at hand: one pass over it, 4 bytes a slice read back
///    (8 of f64), and a wait for the device.
/// 2. The caller takes the [`Statistics`] to every rank and [merges](Statistics::merge) them, by any
///    transport: [`Statistics::to_bytes`] are 32 bytes and 16 for each slice.
/// 3. [`Shard::apply`] scales the part by `c / nᵢ` where `nᵢ > c`: it is projected onto a radius of its own,
///    `‖x‖·c/nᵢ`, which is written to the device and costs as a projection
///    [with radii](crate::Context::project_with_radii). On a GPU it is queued.
///
/// The buffer must hold a part of *every* slice that the statistics count, in the same order; it may be
/// empty along the axes that are reduced. Where a tensor is cut along an axis that is kept, ranks that
/// have other slices have nothing to tell each other: merge those of ranks that share slices alone. A
/// clip by global norm is this over [`Axes::all`] of each tensor and one merge of all their
/// statistics. Where several ranks hold the same elements, all but one of them send [`Shard::none`], and
/// all of them apply.
///
/// # Promises
/// δ is [`Statistics::error`] of the merged statistics, κ that of the plan with radii, T is c (for 16 bits with the
/// room of the dtype). All ranks decide by the merged bits, so alike.
///
/// - A slice with `n ≤ T·(1 − 2δ)` keeps every bit on every rank.
/// - Every finite slice of m elements ends with `n ≤ T`, for c = 0 or `c ≥ √m·2⁻¹²⁵`.
/// - Applied twice, with the statistics measured anew, it gives the same bits as once.
/// - `|y − y*| ≤ (2κ + 5δ)·|y*| + 2⁻¹²⁶`, y* the exact projection of the whole; 16-bit elements are rounded
///   once on top. On the CPU backend that is 1.1·10⁻⁶ in L2 of f32.
/// - With [`Rounding::Nearest`] `n ≤ c` is compared as computed and c is aimed at; the second and third are given up.
/// - A slice with a NaN or an infinity on any rank is left on all of them ([`OnNonFinite::Leave`]) or becomes
///   zero on all of them ([`OnNonFinite::Zero`], zeros of either sign).
///
/// Norms beyond f32 are told from infinite elements by a second pass, for the largest magnitude. Where
/// they are, the elements are read back and added up on the host, which is slow and right.
///
/// ```
/// use normproj::{Context, Projection, Shard};
/// let context = Context::cpu();
/// // One matrix of four rows, cut into two ranks' rows; the norm of each column is bounded.
/// let projection = Projection::max_norm(1.0, 0);
/// let (upper, lower) = ([3.0, 0.1, 0.0, 0.1], [0.0, 0.2, 4.0, 0.2]);
/// let (upper, lower) = (context.upload(&upper, [2, 2])?, context.upload(&lower, [2, 2])?);
/// let ranks = [Shard::new(projection, &upper)?, Shard::new(projection, &lower)?];
///
/// let local = [ranks[0].statistics()?, ranks[1].statistics()?];
/// let mut whole = ranks[0].none();
/// for part in &local {
///     whole.merge(part)?; // what any all-gather of their bytes does
/// }
/// assert_eq!(whole.norms()[0], 5.0);
///
/// for (rank, local) in ranks.iter().zip(&local) {
///     rank.apply(local, &whole)?;
/// }
/// let (upper, lower) = (upper.read()?, lower.read()?);
/// assert!((upper[0] - 0.6).abs() < 1e-6 && (lower[2] - 0.8).abs() < 1e-6);
/// assert_eq!([upper[1], upper[3], lower[1], lower[3]], [0.1, 0.1, 0.2, 0.2]);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug)]
pub struct Shard {
    projection: Projection,
    buffer: DeviceBuffer,
    radii: DeviceBuffer,
    measure: Measure,
    none: Statistics,
}

/// The powers of two that f32 has above 1: radii beyond are written in units of its powers.
const WINDOW: i32 = 128;

impl Shard {
    /// The part `buffer` of a tensor that is to be projected. Scratch memory of a norm and a radius for each
    /// slice is allocated.
    ///
    /// # Errors
    /// [`Error::NotSharded`] for other sets than max-norm and clip by norm (the L2 ball is one), for formulas
    /// of other systems, and for the policies [`OnNonFinite::Propagate`] and [`OnNonFinite::Poison`]; else as
    /// [`Context::project`](crate::Context::project).
    pub fn new(projection: Projection, buffer: &DeviceBuffer) -> Result<Self> {
        let norm = scaled_norm(&projection)?;
        let (context, dtype) = (buffer.context(), buffer.dtype());
        let (layout, axes) = (*buffer.layout(), projection.axes());
        projection.check(dtype)?;
        let slices = slices(axes, &layout)?;
        let one_each = Layout::contiguous([slices])?;
        let request = Request::norms(norm, axes, layout, one_each).of(dtype);
        let plan = context.plan(&request)?;
        let norms = context.zeros_as([slices], request.target_dtype())?;
        let radii = context.zeros_as([slices], request.radii_dtype())?;
        let measure = Measure::new(&plan, norm, buffer, norms);
        let none = Statistics::none(norm, dtype, slices);
        let projection = projection.least_radius(0.0);
        let shard = Shard { projection, buffer: buffer.clone(), radii, measure, none };
        // What stands against writing the buffer is said before a pass over it.
        let request = Request::in_place(projection, layout).of(dtype).with_radii(one_each);
        context.plan(&request)?;
        Ok(shard)
    }

    /// Statistics of no elements: what a rank sends whose part another one counts. They are neutral, and so
    /// what merges start from.
    pub fn none(&self) -> Statistics {
        self.none.clone()
    }

    /// Measures the part at hand; waits for the device.
    ///
    /// # Errors
    /// As [`Context::norms`](crate::Context::norms) and [`DeviceBuffer::read`].
    pub fn statistics(&self) -> Result<Statistics> {
        self.measure.statistics()
    }

    /// Projects the part at hand: `local` are its statistics, as [`Shard::statistics`] measured them since it
    /// was written last, `whole` those of all parts, merged.
    ///
    /// # Errors
    /// [`Error::Statistics`] if they are of another norm, dtype or number of slices, before anything is
    /// written; else as [`Context::project_with_radii`](crate::Context::project_with_radii).
    pub fn apply(&self, local: &Statistics, whole: &Statistics) -> Result<()> {
        self.none.check(local)?;
        self.none.check(whole)?;
        let (rounds, dtype) = (self.projection.rounds(), self.buffer.dtype());
        let length = usize::try_from(whole.length()).unwrap_or(usize::MAX);
        // Of the room that Slack tells, only what elements are rounded by is of use: δ is for the rest.
        let slack = Slack::new(self.none.norm(), rounds, Margin::f64(0), dtype, length);
        let error = if rounds == Rounding::Nearest { 0.0 } else { whole.error() };
        let goal = Goal::new(self.projection.radius(), &slack, error, self.projection.policy());
        let radii = goal.radii(local, whole);
        if self.radii.dtype() == DType::F64 {
            let number = |r: &Option<Magnitude>| r.map_or(f64::INFINITY, Magnitude::number);
            self.radii.write(&radii.iter().map(number).collect::<Vec<f64>>())?;
            return self.project(1.0);
        }
        // c is an f64, and f32 does not hold every part of it: nearly always the first window is all.
        let window = |r: &Magnitude| r.exponent.div_euclid(WINDOW).max(0);
        for number in 0..=f64::MAX_EXP / WINDOW {
            let own = |r: &Option<Magnitude>| r.filter(|r| window(r) == number);
            if radii.iter().any(|r| own(r).is_some()) {
                let written = |r| own(r).map_or(f32::INFINITY, |r| in_window(r, number));
                self.radii.write(&radii.iter().map(written).collect::<Vec<f32>>())?;
                self.project(times_power(1.0, WINDOW * number))?;
            }
        }
        Ok(())
    }

    /// Onto the radii in device memory, in units of `unit`.
    fn project(&self, unit: f64) -> Result<()> {
        let projection = self.projection.with_radius(unit);
        self.buffer.context().project_with_radii(&projection, &self.buffer, &self.radii)
    }
}

/// A radius in units of its window, rounded toward zero.
fn in_window(r: Magnitude, number: i32) -> f32 {
    toward_zero(times_power(r.mantissa, r.exponent - WINDOW * number)) as f32
}

/// The norm of a projection that scales what is too long; an error for all others.
fn scaled_norm(projection: &Projection) -> Result<Norm> {
    let refused = |what: String| Err(Error::NotSharded { what });
    match (projection.set(), projection.policy()) {
        _ if projection.formula()? != Formula::OWN => refused(projection.to_string()),
        (_, policy @ (OnNonFinite::Propagate | OnNonFinite::Poison)) => {
            refused(format!("the policy `{policy}`"))
        }
        (Set::MaxNorm { norm, .. } | Set::ClipNorm { norm, .. }, _) => Ok(norm),
        (Set::Ball { norm: Norm::L2, .. }, _) => Ok(Norm::L2),
        (set, _) => refused(set.to_string()),
    }
}

/// How many slices a tensor has.
fn slices(axes: Axes, layout: &Layout) -> Result<usize> {
    let kept = axes.resolve(layout.shape())?.into_iter().zip(layout.shape());
    Ok(kept.filter(|(reduced, _)| !reduced).map(|(_, size)| size).product())
}

//! A request: what is to be done with which elements.

use crate::axes::Axes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::norm::Norm;
use crate::plan::geometry::Geometry;
use crate::plan::limits::Spread;
use crate::projection::{Projection, Set};
use crate::update::Update;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Task {
    /// Put the slices inside a set.
    Project(Projection),
    /// Compute the norm of each slice and stop there.
    Norms {
        /// Which norm.
        norm: Norm,
        /// The axes that it runs over.
        axes: Axes,
    },
}

/// Where the results go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Output {
    /// Over the source.
    InPlace,
    /// Into another view of the same shape.
    Into(Layout),
    /// Into a contiguous buffer of norms, one for each slice, in row-major order of the kept axes.
    Norms(Layout),
}

/// What is to be done with which elements, and whether it is reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// What is to be done.
    pub task: Task,
    /// The elements that are read.
    pub source: Layout,
    /// Where the results go.
    pub output: Output,
    /// The dtype of source and target.
    pub dtype: DType,
    /// Whether a [`Report`](crate::Report) is gathered.
    pub report: bool,
    /// Where the radii are, if they are in device memory; see [`Request::with_radii`].
    pub radii: Option<Layout>,
    /// The direction of sets that one defines, of the same dtype.
    pub direction: Option<Layout>,
    /// Where the lower and the upper bounds of elements are, if they are in device memory; see
    /// [`Request::with_limits`].
    pub limits: Option<[Layout; 2]>,
    /// Where the indices are that name the rows to project; see [`Request::rows`].
    pub rows: Option<Layout>,
    /// The update of weights before they are projected, and where their gradients are; see [`Request::after`].
    pub update: Option<(Update, Layout)>,
    /// Where a copy of updated weights in 16 bits goes, and its dtype; see [`Request::copied_to`].
    pub copy: Option<(Layout, DType)>,
}

impl Request {
    /// A projection in place.
    pub fn in_place(projection: Projection, layout: Layout) -> Self {
        let task = Task::Project(projection);
        Request::new(task, layout, Output::InPlace)
    }

    /// A projection of `source` whose result goes to `target`; the source keeps its bits.
    pub fn into(projection: Projection, source: Layout, target: Layout) -> Self {
        let task = Task::Project(projection);
        Request::new(task, source, Output::Into(target))
    }

    /// The norms of the slices.
    pub fn norms(norm: Norm, axes: impl Into<Axes>, source: Layout, norms: Layout) -> Self {
        let task = Task::Norms { norm, axes: axes.into() };
        Request::new(task, source, Output::Norms(norms))
    }

    fn new(task: Task, source: Layout, output: Output) -> Self {
        Request {
            task,
            source,
            output,
            dtype: DType::F32,
            report: false,
            radii: None,
            direction: None,
            limits: None,
            rows: None,
            update: None,
            copy: None,
        }
    }

    /// The same projection with radii that are in device memory and read each time it runs, so that they
    /// change without another plan: one for each slice, in row-major order of the kept axes, or one for
    /// all, as f32 (as f64 for tensors of f64).
    ///
    /// Slice i has the radius `c·max(rᵢ, least)`: c is that of the projection, least what
    /// [`Projection::least_radius`] says. One that is infinite leaves its slice as it is, 0 gives zeros.
    /// One that is NaN or negative, or that a sphere's elements cannot reach, cannot be refused: its slice
    /// keeps every bit, and a report counts it ([`Report::invalid`](crate::Report::invalid)).
    ///
    /// - Of [`Projection::min_max_norm`] both norms are multiplied: `lo·max(rᵢ, least)` and
    ///   `hi·max(rᵢ, least)`.
    /// - A negative one turns a slice of [`Projection::weight_norm`] over.
    /// - Of [`Projection::hyperplane`] and [`Projection::half_space`] the offset is `b·rᵢ`, of either sign.
    /// - [`Projection::bounds`] take limits instead ([`Request::with_limits`]), and lines have no radius.
    ///
    /// They cost 4 bytes a slice. On a GPU the thresholds are computed from them in f32, which takes 24u
    /// of σ and 36u of κ more (`Plan::explain`); the bound of an Linf ball is up to 12u smaller there, unless c
    /// is a power of two.
    #[must_use]
    pub fn with_radii(self, radii: Layout) -> Self {
        Request { radii: Some(radii), ..self }
    }

    /// The same bounds with limits that are tensors in device memory and read each time it runs: of the
    /// shape of the source, or spread over it as NumPy does (axes of length 1, and those that are missing,
    /// are the same everywhere), as f32 (as f64 for tensors of f64).
    ///
    /// An element goes to `max(lo, loᵢ)..=min(hi, hiᵢ)`, lo and hi those of the projection, and a limit is
    /// rounded toward zero to the dtype. Where a limit is NaN, the lower one is above the upper, or no
    /// element of the dtype lies between them, nothing can be refused: the element keeps its bits, and a
    /// report counts it ([`Report::invalid`](crate::Report::invalid)). Cost: up to 8 bytes an element more.
    #[must_use]
    pub fn with_limits(self, low: Layout, high: Layout) -> Self {
        Request { limits: Some([low, high]), ..self }
    }

    /// The same request along a direction, which a hyperplane, half-space or line needs: a tensor of the
    /// shape of the source, or with axes of length 1 where slices share one.
    ///
    /// ```
    /// use normproj::{Layout, Projection, Request};
    /// let (gradient, weights) = (Layout::contiguous([64, 512])?, Layout::contiguous([64, 512])?);
    /// let request = Request::in_place(Projection::hyperplane(0.0, 1), gradient).along(weights);
    /// # assert!(request.direction.is_some());
    /// # Ok::<(), normproj::Error>(())
    /// ```
    #[must_use]
    pub fn along(self, direction: Layout) -> Self {
        Request { direction: Some(direction), ..self }
    }

    /// The same projection of the rows alone that indices in device memory name, each once: see
    /// [`Context::project_rows`](crate::Context::project_rows). `indices` is their layout
    /// ([`Indices::layout`](crate::Indices::layout)).
    #[must_use]
    pub fn rows(self, indices: Layout) -> Self {
        Request { rows: Some(indices), ..self }
    }

    /// The same request of tensors of another dtype than f32.
    #[must_use]
    pub fn of(self, dtype: DType) -> Self {
        Request { dtype, ..self }
    }

    /// The dtype of what is written. Norms of 16-bit elements are f32.
    pub fn target_dtype(&self) -> DType {
        match (&self.output, self.dtype) {
            (Output::Norms(_), DType::F16 | DType::BF16) => DType::F32,
            (_, dtype) => dtype,
        }
    }

    /// The dtype of radii in device memory.
    pub fn radii_dtype(&self) -> DType {
        if self.dtype == DType::F64 { DType::F64 } else { DType::F32 }
    }

    /// The same request, reported.
    #[must_use]
    pub fn with_report(self) -> Self {
        Request { report: true, ..self }
    }

    /// The axes of a slice.
    pub fn axes(&self) -> Axes {
        match self.task {
            Task::Project(projection) => projection.axes(),
            Task::Norms { axes, .. } => axes,
        }
    }

    /// The norm of the slices.
    pub fn norm(&self) -> Norm {
        match self.task {
            Task::Project(projection) => projection.norm(),
            Task::Norms { norm, .. } => norm,
        }
    }

    /// The view that is written.
    pub fn target(&self) -> &Layout {
        match &self.output {
            Output::Into(target) | Output::Norms(target) => target,
            Output::InPlace => &self.source,
        }
    }

    /// Refuses what cannot be done, and brings the rest into canonical form.
    pub(crate) fn geometry(&self) -> Result<Geometry> {
        match (&self.task, &self.output) {
            (Task::Project(projection), Output::InPlace | Output::Into(_)) => {
                projection.check(self.dtype)?;
            }
            (Task::Norms { .. }, Output::Norms(_)) => {}
            (task, output) => {
                let reason = format!("{task:?} does not go to {output:?}");
                return Err(Error::PlanMismatch { reason });
            }
        }
        self.check_direction()?;
        self.check_update()?;
        self.check_copy()?;
        let reduced = self.axes().resolve(self.source.shape())?;
        // One radius for all is found without counting slices.
        let counted = self.radii.is_some_and(|radii| radii.len() != 1);
        let ordered = self.report
            || counted
            || self.limits.is_some()
            || matches!(self.output, Output::Norms(_));
        let direction = self.direction.as_ref();
        let of_target = |target| {
            Geometry::with_direction(&reduced, &self.source, target, direction, self.dtype, ordered)
        };
        let geometry = match &self.output {
            Output::InPlace | Output::Norms(_) => of_target(&self.source)?,
            Output::Into(target) => of_target(target)?,
        };
        if let Output::Norms(norms) = &self.output {
            self.check_norms(norms, &geometry)?;
        }
        self.check_radii(&geometry)?;
        self.check_limits()?;
        if self.rows.is_some() {
            self.check_rows(&reduced)?;
        }
        let gradient_offset = self.update.map(|(_, gradient)| gradient.offset());
        let copy = self.copy.map(|(copy, dtype)| (copy.offset(), dtype));
        Ok(Geometry { gradient_offset, copy, ..geometry })
    }

    fn check_limits(&self) -> Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        match self.task {
            Task::Project(projection) if matches!(projection.set(), Set::Bounds { .. }) => {}
            Task::Project(projection) => {
                return Err(Error::NoLimits { what: projection.set().to_string() });
            }
            Task::Norms { .. } => {
                return Err(Error::NoLimits { what: "a request for norms".to_string() });
            }
        }
        for (what, limit) in
            ["the tensor of lower limits", "the tensor of upper limits"].into_iter().zip(limits)
        {
            let shape = self.source.shape();
            if Spread::new(limit, shape).is_none() {
                let (expected, found) = (shape.to_vec(), limit.shape().to_vec());
                return Err(Error::Shape { what, expected, found });
            }
        }
        Ok(())
    }

    /// As [`Request::geometry`]; where indices name rows, that of as many slices as there are indices.
    pub(crate) fn geometry_of_rows(&self) -> Result<Geometry> {
        let whole = self.geometry()?;
        match &self.rows {
            Some(indices) => Ok(whole.of_rows(&self.source, indices.len())),
            None => Ok(whole),
        }
    }

    fn check_rows(&self, reduced: &[bool]) -> Result<()> {
        let alone = self.output == Output::InPlace && self.radii.is_none();
        let kept: Vec<usize> = (0..reduced.len()).filter(|&d| !reduced[d]).collect();
        if alone && self.direction.is_none() && kept == [0] {
            return Ok(());
        }
        let reason = format!(
            "rows that indices name are projected in place, over all axes but 0, without radii or direction; \
             axes {kept:?} are kept"
        );
        Err(Error::PlanMismatch { reason })
    }

    fn check_radii(&self, geometry: &Geometry) -> Result<()> {
        let Some(radii) = &self.radii else { return Ok(()) };
        let refused = match self.task {
            Task::Project(projection) if projection.set().takes_radii() => None,
            Task::Project(projection) => Some(projection.set().to_string()),
            Task::Norms { .. } => Some("a request for norms".to_string()),
        };
        if let Some(what) = refused {
            return Err(Error::NoRadii { what });
        }
        let (slices, found) = (geometry.slices(), radii.len());
        if found == 1 || found == slices {
            Ok(())
        } else {
            Err(Error::RadiusCount { slices, found })
        }
    }

    fn check_direction(&self) -> Result<()> {
        let (what, needed) = match &self.task {
            Task::Project(projection) => {
                (projection.set().to_string(), projection.set().needs_direction())
            }
            Task::Norms { norm, .. } => (format!("the {norm} norm"), false),
        };
        match (needed, self.direction) {
            (true, None) => Err(Error::NoDirection { what }),
            (false, Some(_)) => Err(Error::UnusedDirection { what }),
            _ => Ok(()),
        }
    }

    fn check_norms(&self, norms: &Layout, geometry: &Geometry) -> Result<()> {
        let mismatch = |reason: &str| Err(Error::PlanMismatch { reason: reason.to_string() });
        if norms.len() != geometry.slices() {
            return Err(Error::Length {
                shape: norms.shape().to_vec(),
                expected: geometry.slices(),
                found: norms.len(),
            });
        }
        if !norms.is_contiguous() {
            return mismatch("norms are written to a contiguous buffer");
        }
        if self.report {
            return mismatch("norms carry no report: read the norms themselves");
        }
        Ok(())
    }
}

//! A clip of a model, planned, prepared and bound.

use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::{BoundGroup, PreparedGroup};
use crate::layout::Layout;
use crate::model::{Clip, Decay, GivenNorm, Model, PendingGroupReport};
use crate::plan::group::{GroupPlan, GroupRequest, Memories};

/// A clip of a model's tensors, ready to be carried out any number of times: on the CPU backend a
/// plan, on a GPU also its pipelines, scratch and bind groups. A clone shares everything.
///
/// ```
/// use normproj::{Clip, Context, Group, Model};
/// let context = Context::cpu();
/// let kernel = context.upload(&[3.0, 0.0], [2])?;
/// let bias = context.upload(&[4.0], [1])?;
/// let gradients = Model::new(&context, [("kernel", &kernel), ("bias", &bias)])?;
/// let clip = Group::new(Clip::global_norm(1.0), &gradients)?;
/// let report = clip.run()?.wait()?; // each step; without the wait nothing is read back
/// assert_eq!(report.total().norm, 5.0);
/// assert!((bias.read()?[0] - 0.8).abs() < 1e-6);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Group {
    plan: Arc<GroupPlan>,
    model: Model,
    decay: Option<Decay>,
    given: Option<DeviceBuffer>,
    results: DeviceBuffer,
    bound: Option<BoundGroup>,
    /// How threads of the CPU backend share the work.
    pieces: Option<Arc<cpu::group::Pieces>>,
}

impl Group {
    /// Plans, prepares and binds a clip.
    ///
    /// # Errors
    /// As [`GroupRequest::new`]; on a GPU what preparing and binding refuse.
    pub fn new(clip: Clip, model: &Model) -> Result<Self> {
        Self::assemble(clip, model, None, None)
    }

    /// A clip of gradients to which the decay of weights is added; see [`Decay`].
    ///
    /// # Errors
    /// As [`Group::new`]; [`Error::DecayRate`]; [`Error::Shape`].
    pub fn with_decay(clip: Clip, model: &Model, decay: &Decay) -> Result<Self> {
        Self::assemble(clip, model, Some(decay), None)
    }

    /// A clip by the global norm that `norm`, one element on the device, holds when the clip is
    /// carried out. It is of the dtype of [`Group::norm`]: f64 where any tensor is, else f32.
    ///
    /// # Errors
    /// As [`Group::new`]; [`Error::Length`] if `norm` is not one element; [`Error::Dtype`].
    pub fn by_norm(clip: Clip, model: &Model, norm: &DeviceBuffer) -> Result<Self> {
        Self::assemble(clip.use_norm(GivenNorm::Device), model, None, Some(norm))
    }

    fn assemble(
        clip: Clip,
        model: &Model,
        decay: Option<&Decay>,
        given: Option<&DeviceBuffer>,
    ) -> Result<Self> {
        let request = GroupRequest::new(clip, model, decay)?;
        let plan = GroupPlan::new(request, model.context().profile())?;
        Self::from_plan(plan, model, decay, given)
    }

    /// Prepares and binds a plan that was made elsewhere; [`Group::new`] and its kin make it too.
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] if it is not of these tensors.
    pub fn from_plan(
        plan: GroupPlan,
        model: &Model,
        decay: Option<&Decay>,
        given: Option<&DeviceBuffer>,
    ) -> Result<Self> {
        Self::prepare(plan, model, decay, given, false)
    }

    /// [`Group::from_plan`] with programs that count every element they load and store, which
    /// [`BoundGroup::counters`] reads. For tests of [`GroupPlan::cost`].
    ///
    /// # Errors
    /// As [`Group::from_plan`].
    pub fn counting(plan: GroupPlan, model: &Model, decay: Option<&Decay>) -> Result<Self> {
        Self::prepare(plan, model, decay, None, true)
    }

    fn prepare(
        plan: GroupPlan,
        model: &Model,
        decay: Option<&Decay>,
        given: Option<&DeviceBuffer>,
        counted: bool,
    ) -> Result<Self> {
        let plan = Arc::new(plan);
        let context = model.context();
        if plan.profile() != context.profile() {
            let (planned, here) = (&plan.profile().name, &context.profile().name);
            let reason = format!("it was made for {planned}, not for {here}");
            return Err(Error::PlanMismatch { reason });
        }
        plan.check(&GroupRequest::new(plan.request().clip, model, decay)?)?;
        check_given(&plan, model, given)?;
        let places = plan.results();
        let results = context.zeros_as([places.elements()], places.dtype())?;
        let bound = context.as_gpu().map(|gpu| -> Result<BoundGroup> {
            let memories = Memories::of(model, decay).tensors;
            let prepared = PreparedGroup::new(gpu, &plan, given, counted)?;
            prepared.bind(&memories, model.shared_names(), given, &results)
        });
        let native = bound.is_none();
        let pieces = native.then(|| Arc::new(cpu::group::Pieces::new(&plan)));
        Ok(Group {
            plan,
            model: model.clone(),
            decay: decay.cloned(),
            given: given.cloned(),
            results,
            bound: bound.transpose()?,
            pieces,
        })
    }

    /// The same clip of other tensors with the same layouts, in the same order, and with the same
    /// sharing of memory: where gradients are new buffers every step this costs bind groups, not a
    /// plan.
    ///
    /// Reports take the names of `model`. With [`Decay`] gradients find their weights by name again,
    /// and a tensor that finds none where one decayed before is refused; the weights stay those
    /// that were given, and if they move too the group is made anew with [`Group::with_decay`].
    ///
    /// Scratch and results are shared: norms and factors on the device that were asked of either
    /// group hold what the one that was carried out last has left.
    ///
    /// ```
    /// use normproj::{Clip, Context, Group, Model};
    /// let context = Context::cpu();
    /// let clip = {
    ///     let model = Model::unnamed(&context, [&context.zeros([2])?])?;
    ///     Group::new(Clip::global_norm(1.0), &model)?
    /// };
    /// for step in 1..4 {
    ///     let gradient = context.upload(&[3.0 * step as f32, 4.0 * step as f32], [2])?;
    ///     let report = clip.rebind(&Model::unnamed(&context, [&gradient])?)?.run()?.wait()?;
    ///     assert_eq!(report.total().norm, 5.0 * step as f64);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] for tensors that are laid out in another way, or meet other weights;
    /// [`Error::OtherContext`].
    pub fn rebind(&self, model: &Model) -> Result<Self> {
        if !model.context().is(self.model.context()) {
            return Err(Error::OtherContext {
                expected: self.model.context().describe().to_string(),
                found: model.context().describe().to_string(),
            });
        }
        let request = GroupRequest::new(self.plan.request().clip, model, self.decay.as_ref())?;
        self.plan.check(&request)?;
        let bound = self.bound.as_ref().map(|bound| {
            let memories = Memories::of(model, self.decay.as_ref()).tensors;
            let given = self.given.as_ref();
            bound.prepared().bind(&memories, model.shared_names(), given, &self.results)
        });
        Ok(Group { model: model.clone(), bound: bound.transpose()?, ..self.clone() })
    }

    /// The same clip at another radius: another small uniform buffer, and the same pipelines,
    /// tables and scratch. Both may be recorded into one submission; the one that is recorded last
    /// leaves its results.
    ///
    /// A report copies the results out where it is recorded. For a report of each, record each in a
    /// pass of its own with its report behind it. Behind one pass with both, either report holds the
    /// norms that the last found, and factors that neither applied may follow from them.
    ///
    /// ```
    /// use normproj::{Clip, Context, Group, Model};
    /// let context = Context::new()?;
    /// let gradient = context.upload(&[3.0, 4.0], [2])?;
    /// let wide = Group::new(Clip::global_norm(2.0), &Model::unnamed(&context, [&gradient])?)?;
    /// let narrow = wide.with_radius(1.0)?;
    /// if let (Some(gpu), Some(a), Some(b)) = (context.as_gpu(), wide.as_gpu(), narrow.as_gpu()) {
    ///     let mut encoder = gpu.device().create_command_encoder(&Default::default());
    ///     a.record_pass(&mut encoder);
    ///     let first = a.report(&mut encoder)?;
    ///     b.record_pass(&mut encoder);
    ///     let second = b.report(&mut encoder)?;
    ///     gpu.queue().submit([encoder.finish()]);
    ///     assert_eq!(first.wait()?.total().norm, 5.0);
    ///     assert!(second.wait()?.total().norm <= 2.0);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Radius`]; [`Error::PlanMismatch`] of a clip without a radius.
    pub fn with_radius(&self, radius: f64) -> Result<Self> {
        let plan = Arc::new(self.plan.with_radius(radius)?);
        let bound = self.bound.as_ref().map(|bound| {
            let given = self.given.as_ref();
            let prepared = bound.prepared().with_plan(&plan, given)?;
            let memories = Memories::of(&self.model, self.decay.as_ref()).tensors;
            prepared.bind(&memories, self.model.shared_names(), given, &self.results)
        });
        Ok(Group { plan, bound: bound.transpose()?, ..self.clone() })
    }

    /// Carries it out, with a report that can be waited for, any time later. On a GPU the work is
    /// queued and the host does not wait.
    ///
    /// # Errors
    /// [`Error::Validation`] if a buffer was destroyed; [`Error::OutOfMemory`].
    pub fn run(&self) -> Result<PendingGroupReport> {
        self.submit(true)
    }

    /// [`Group::run`] without a report: no staging memory is allocated for one.
    ///
    /// # Errors
    /// As [`Group::run`].
    pub fn enqueue(&self) -> Result<()> {
        self.submit(false).map(drop)
    }

    fn submit(&self, reported: bool) -> Result<PendingGroupReport> {
        let reported = reported && self.plan.request().clip.norm_used().is_some();
        let pieces = match (&self.bound, &self.pieces) {
            (Some(bound), _) => return bound.submit(reported),
            (None, Some(pieces)) => Arc::clone(pieces),
            (None, None) => Arc::new(cpu::group::Pieces::new(&self.plan)),
        };
        let given = self.given.as_ref().and_then(|norm| norm.host_numbers().first().copied());
        let (model, decay) = (&self.model, self.decay.as_ref());
        cpu::group::run(&self.plan, &pieces, model, decay, given, &self.results)
    }

    /// The GPU side, which is recorded into passes of the caller's; None on the CPU backend.
    pub fn as_gpu(&self) -> Option<&BoundGroup> {
        self.bound.as_ref()
    }

    /// The plan.
    pub fn plan(&self) -> &GroupPlan {
        &self.plan
    }

    /// The tensors.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The norm of all tensors, one element on the device: f64 where any tensor is, else f32, as all
    /// results. Infinite beyond that dtype.
    ///
    /// # Errors
    /// [`Error::NoReport`] of a clip by value, which computes no norm.
    pub fn norm(&self) -> Result<DeviceBuffer> {
        self.region(Region::Norm, 0, 1)
    }

    /// The norm of each tensor, on the device.
    ///
    /// # Errors
    /// As [`Group::norm`].
    pub fn norms(&self) -> Result<DeviceBuffer> {
        self.region(Region::Norm, 1, self.model.len())
    }

    /// What tensors are multiplied by, on the device: one factor for all, or one for each tensor
    /// where each has its own norm. 1 where nothing is scaled.
    ///
    /// # Errors
    /// As [`Group::norm`].
    pub fn scale(&self) -> Result<DeviceBuffer> {
        match self.plan.request().clip.is_global() {
            true => self.region(Region::Scale, 0, 1),
            false => self.region(Region::Scale, 1, self.model.len()),
        }
    }

    /// Half of the sum of squares of all tensors (`tf.nn.l2_loss`), one element on the device.
    ///
    /// # Errors
    /// As [`Group::norm`]; [`Error::PlanMismatch`] in another norm than L2.
    pub fn half_square(&self) -> Result<DeviceBuffer> {
        match self.plan.request().clip.norm_used() {
            Some(crate::norm::Norm::L2) | None => self.region(Region::HalfSquare, 0, 1),
            Some(norm) => {
                let reason = format!("the squares are not summed for the {norm} norm");
                Err(Error::PlanMismatch { reason })
            }
        }
    }

    /// One element on the device: zero bits if every element was finite, else 1.0. An optimizer step
    /// on the device reads it, as a number or as its bits (of f64 both words), to skip itself. It is that of the work that
    /// was carried out last, and always of all tensors; which of them it was says
    /// [`GroupReport::first_non_finite`](crate::GroupReport::first_non_finite).
    ///
    /// To have it in a buffer of your own, where your kernels bind it, project it there without a
    /// bound, in the same pass; [`Group::norm`] and [`Group::scale`] alike. It costs one dispatch.
    ///
    /// ```
    /// use normproj::{Axes, Clip, Context, Group, Model, Projection, Request};
    /// let context = Context::new()?;
    /// let gradient = context.upload(&[3.0, f32::INFINITY], [2])?;
    /// let clip = Group::new(Clip::global_norm(1.0), &Model::unnamed(&context, [&gradient])?)?;
    /// let flag = clip.non_finite()?;
    /// let mine = context.zeros([1])?; // or `context.wrap` of a buffer that your kernels bind
    /// if let (Some(gpu), Some(group)) = (context.as_gpu(), clip.as_gpu()) {
    ///     let every = Projection::max_norm(f64::INFINITY, Axes::all());
    ///     let copy = Request::into(every, *flag.layout(), *mine.layout());
    ///     let copy = gpu.prepare(&context.plan(&copy)?)?.bind_into(&flag, &mine)?;
    ///     let mut encoder = gpu.device().create_command_encoder(&Default::default());
    ///     let mut pass = encoder.begin_compute_pass(&Default::default());
    ///     group.record(&mut pass);
    ///     copy.record(&mut pass); // and then your optimizer, which reads `mine`
    ///     drop(pass);
    ///     gpu.queue().submit([encoder.finish()]);
    ///     assert_eq!(mine.read()?, [1.0]);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Group::norm`].
    pub fn non_finite(&self) -> Result<DeviceBuffer> {
        self.region(Region::NonFinite, 0, 1)
    }

    fn region(&self, region: Region, first: usize, count: usize) -> Result<DeviceBuffer> {
        if self.plan.request().clip.norm_used().is_none() {
            return Err(Error::NoReport);
        }
        let offset = self.plan.results().start(region) + first;
        self.results.view(Layout::strided([count], [1], offset)?)
    }
}

pub(crate) use crate::plan::group::Region;

fn check_given(plan: &GroupPlan, model: &Model, given: Option<&DeviceBuffer>) -> Result<()> {
    let dtype = plan.results().dtype();
    match (plan.request().clip.given(), given) {
        (Some(GivenNorm::Device), Some(norm)) if !norm.context().is(model.context()) => {
            Err(Error::OtherContext {
                expected: model.context().describe().to_string(),
                found: norm.context().describe().to_string(),
            })
        }
        (Some(GivenNorm::Device), Some(norm)) if norm.layout().len() != 1 => {
            Err(Error::Length { shape: Vec::new(), expected: 1, found: norm.layout().len() })
        }
        (Some(GivenNorm::Device), Some(norm)) if norm.dtype() != dtype => {
            let (what, expected, found) = ("the norm", dtype, norm.dtype());
            Err(Error::Dtype { what, expected, found })
        }
        (Some(GivenNorm::Device), None) => {
            let reason = "a norm on the device is given with Group::by_norm".to_string();
            Err(Error::PlanMismatch { reason })
        }
        _ => Ok(()),
    }
}

//! A clip of the examples of a batch, and their sums.

use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::{BoundGroup, PreparedGroup};
use crate::layout::Layout;
use crate::model::{Clip, Model, PendingGroupReport};
use crate::plan::group::{GroupPlan, GroupRequest, GroupStep, Memories, Region};
use crate::shader::group::variant::GroupKernel;

/// The gradients of the examples of a batch, each clipped by its own norm over all tensors, and added up:
/// with `xᵢ` all that example `i` has of gradients `[batch, …]` and `nᵢ = ‖xᵢ‖`, the sums `[…]` become
/// `Σᵢ xᵢ · min(1, c / nᵢ)`. No example moves the sum by more than c (Abadi et al. 2016, arXiv 1607.00133);
/// `optax.per_example_global_norm_clip`, which counts those that are clipped as
/// [`GroupReport::scaled`](crate::GroupReport::scaled) does.
///
/// - **Examples keep their bits**: each is read twice, for its norm and for the sum.
/// - **The norm of what is added** of an example is at most c, as under [`Clip::global_norm`] of its
///   tensors; the sum is added up in f32 (in f64 where any tensor is f64, and on the CPU backend),
///   always in the same order, and is off by at most (L + 2κ)·Σ|yᵢ|, L the additions of [`Examples::additions`]
///   times half the spacing of f32 (of f64 where all are). Sums of 16 bits are rounded once; beyond their
///   range they are infinite. So is a sum, or it is NaN, of which a part leaves what is computed with.
/// - **NaN and infinity**: by default an example that holds one counts nothing, and is named in the
///   report. [`OnNonFinite::Zero`](crate::OnNonFinite::Zero) is the same here; the others make what they
///   make of a group, so that the sum is NaN there. (Optax takes a factor of 1, and the sum is NaN.)
/// - **An empty batch** has sums of zeros.
/// - **Cost** for f32: 8 bytes an element of the batch, in 3 dispatches.
///
/// ```
/// use normproj::{Clip, Context, Examples, Model};
/// let context = Context::new()?;
/// let kernel = context.upload(&[3.0, 0.0, 0.3, 0.0], [2, 2])?; // two examples
/// let bias = context.upload(&[4.0, 0.4], [2, 1])?;
/// let gradients = Model::new(&context, [("kernel", &kernel), ("bias", &bias)])?;
/// let sums = Model::arena(&context, [("kernel", [2]), ("bias", [1])])?;
/// let clip = Examples::new(Clip::global_norm(1.0), &gradients, &sums)?;
/// let report = clip.run()?.wait()?;
/// assert_eq!(report.scaled(), 1); // of norms 5 and 0.5
/// assert!((sums.tensors()[1].read()?[0] - (0.8 + 0.4)).abs() < 1e-5);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Examples {
    plan: Arc<GroupPlan>,
    memories: Arc<[DeviceBuffer]>,
    names: Arc<[String]>,
    results: DeviceBuffer,
    bound: Option<BoundGroup>,
    /// How threads of the CPU backend share the work.
    pieces: Option<Arc<cpu::group::Pieces>>,
}

impl Examples {
    /// Plans, prepares and binds a clip by a global norm, in any norm. Sums and gradients meet by name.
    ///
    /// # Errors
    /// As [`GroupRequest::of_examples`]; on a GPU what preparing and binding refuse.
    pub fn new(clip: Clip, gradients: &Model, sums: &Model) -> Result<Self> {
        let context = gradients.context();
        let request = GroupRequest::of_examples(clip, gradients, sums)?;
        let plan = Arc::new(GroupPlan::new(request, context.profile())?);
        let names: Arc<[String]> = (0..plan.request().norms()).map(|i| i.to_string()).collect();
        let memories: Arc<[DeviceBuffer]> = Memories::of_examples(gradients, sums).tensors.into();
        let places = plan.results();
        let results = context.zeros_as([places.elements()], places.dtype())?;
        let bound = context.as_gpu().map(|gpu| -> Result<BoundGroup> {
            let prepared = PreparedGroup::new(gpu, &plan, None, false)?;
            prepared.bind(&memories, Arc::clone(&names), None, &results)
        });
        let native = bound.is_none();
        let pieces = native.then(|| Arc::new(cpu::group::Pieces::new(&plan)));
        Ok(Examples { plan, memories, names, results, bound: bound.transpose()?, pieces })
    }

    /// Carries it out, with a report on each example that can be waited for, any time later. On a GPU
    /// the work is queued and the host does not wait.
    ///
    /// # Errors
    /// [`Error::Validation`] if a buffer was destroyed; [`Error::OutOfMemory`].
    pub fn run(&self) -> Result<PendingGroupReport> {
        match (&self.bound, &self.pieces) {
            (Some(bound), _) => bound.submit(true),
            (None, Some(pieces)) => {
                let (plan, memories) = (&self.plan, &self.memories);
                cpu::group::run_examples(plan, pieces, memories, &self.names, &self.results)
            }
            (None, None) => Err(Error::NoReport),
        }
    }

    /// [`Examples::run`] without a report: no staging memory is allocated for one.
    ///
    /// # Errors
    /// As [`Examples::run`].
    pub fn enqueue(&self) -> Result<()> {
        match &self.bound {
            Some(bound) => bound.submit(false).map(drop),
            None => self.run().map(drop),
        }
    }

    /// The GPU side, which is recorded into passes of the caller's; None on the CPU backend.
    pub fn as_gpu(&self) -> Option<&BoundGroup> {
        self.bound.as_ref()
    }

    /// The plan. Its members are the tensors of the first example, then those of the second, and so on.
    pub fn plan(&self) -> &GroupPlan {
        &self.plan
    }

    /// The longest chain of additions of a sum.
    pub fn additions(&self) -> u32 {
        let examples = self.plan.request().norms() as u32;
        match self.bound {
            Some(_) => {
                let steps = self.plan.steps();
                let adds = |step: &&GroupStep| {
                    step.variant.kernel == GroupKernel::Sum
                        && steps.chunks_of(step).iter().any(|chunk| chunk.adds > 0)
                };
                let later = steps.steps.iter().filter(adds).count() as u32;
                examples.min(16) + examples.div_ceil(16) + later
            }
            None => examples,
        }
    }

    /// The norm of each example, on the device: f64 where any tensor is, else f32, as all results. Infinite
    /// beyond that dtype.
    ///
    /// # Errors
    /// What viewing them refuses.
    pub fn norms(&self) -> Result<DeviceBuffer> {
        self.region(Region::Norm)
    }

    /// What each example is multiplied by, on the device; 1 where it is not scaled.
    ///
    /// # Errors
    /// As [`Examples::norms`].
    pub fn scales(&self) -> Result<DeviceBuffer> {
        self.region(Region::Scale)
    }

    /// One element for each example, on the device: zero bits if every element was finite, else 1.0.
    ///
    /// # Errors
    /// As [`Examples::norms`].
    pub fn non_finite(&self) -> Result<DeviceBuffer> {
        self.region(Region::NonFinite)
    }

    fn region(&self, region: Region) -> Result<DeviceBuffer> {
        let offset = self.plan.results().start(region) + 1;
        self.results.view(Layout::strided([self.names.len()], [1], offset)?)
    }
}

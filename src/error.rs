//! What can go wrong, typed, with the numbers that a caller needs to mend it.

use crate::axes::range;
use crate::dtype::DType;
use crate::norm::Norm;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong. Nothing that a caller passes makes the library panic.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A radius that is negative or NaN. Infinity is allowed: it constrains nothing.
    #[error("the radius is {radius}; it must be 0 or more (infinity leaves everything as it is)")]
    Radius {
        /// What was asked for.
        radius: f64,
    },
    /// A radius that slices must reach and no finite element can.
    #[error("the radius is {radius}; a slice must reach it, and elements reach {largest} at most")]
    RadiusBeyond {
        /// What was asked for.
        radius: f64,
        /// The largest number of the dtype.
        largest: f64,
    },
    /// Radii in device memory for a set that has none there.
    #[error("{what} takes no radii from device memory; bounds take limits, and a line has none")]
    NoRadii {
        /// The set, or what else was asked for.
        what: String,
    },
    /// Limits in device memory for a set that has none there.
    #[error("{what} takes no limits from device memory; bounds do")]
    NoLimits {
        /// The set, or what else was asked for.
        what: String,
    },
    /// Radii that are neither one for each slice nor one for all.
    #[error(
        "{found} radii are given for {slices} slices; there must be one for each, or one for all"
    )]
    RadiusCount {
        /// How many slices there are.
        slices: usize,
        /// How many radii were given.
        found: usize,
    },
    /// The p of a norm that is out of range.
    #[error("p is {p}; it must be in 1/64..=64, or infinite")]
    Power {
        /// What was asked for.
        p: f64,
    },
    /// A rate outside `[0, 1]`.
    #[error("the rate is {rate}; it must be in 0..=1")]
    Rate {
        /// What was asked for.
        rate: f64,
    },
    /// An ε that is negative or not finite.
    #[error("epsilon is {epsilon}; it must be finite and 0 or more")]
    Epsilon {
        /// What was asked for.
        epsilon: f64,
    },
    /// A Euclidean projection that is not to be had.
    #[error(
        "there is no Euclidean projection in {norm} here; max-norm and unit norm scale in any norm"
    )]
    NoProjection {
        /// The norm.
        norm: Norm,
    },
    /// More dimensions than a tensor may have here.
    #[error("rank {rank} is more than the {limit} that are supported")]
    Rank {
        /// The rank of the tensor.
        rank: usize,
        /// The largest rank.
        limit: usize,
    },
    /// A layout with a different number of strides than dimensions.
    #[error("{strides} strides do not fit shape {shape:?}")]
    StrideCount {
        /// The shape.
        shape: Vec<usize>,
        /// How many strides were given.
        strides: usize,
    },
    /// A shape whose elements cannot be counted in 64 bits.
    #[error("a tensor of shape {shape:?} is too large to address")]
    TooManyElements {
        /// The shape.
        shape: Vec<usize>,
    },
    /// A view in which two indices may share one element: writing it would be a race.
    #[error(
        "shape {shape:?} with strides {strides:?} lets two indices share an element, which cannot be written in place"
    )]
    SelfOverlap {
        /// The shape.
        shape: Vec<usize>,
        /// The strides, in elements.
        strides: Vec<usize>,
    },
    /// Parts that do not make up an axis.
    #[error("axis {axis} has {length} elements, which {sizes:?} do not make up")]
    Unflatten {
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
        /// The sizes of the parts.
        sizes: Vec<usize>,
    },
    /// An axis that the tensor does not have.
    #[error("the tensor has shape {shape:?}; axis {axis} is not in {}", range(shape.len()))]
    AxisOutOfRange {
        /// The axis asked for.
        axis: i32,
        /// The shape of the tensor.
        shape: Vec<usize>,
    },
    /// The same axis twice, perhaps once counted from the end.
    #[error("axis {axis} is named twice for shape {shape:?}")]
    AxisTwice {
        /// The axis, as it was written the second time.
        axis: i32,
        /// The shape of the tensor.
        shape: Vec<usize>,
    },
    /// More axes than a tensor can have.
    #[error("{count} axes are more than the {limit} that a tensor can have")]
    AxisCount {
        /// How many were given.
        count: usize,
        /// The largest rank.
        limit: usize,
    },
    /// Axes per unit were asked of a tensor that has no units.
    #[error(
        "axes per unit need rank 2 or more; the tensor has shape {shape:?}: exclude it, or name its axes"
    )]
    NoUnits {
        /// The shape of the tensor.
        shape: Vec<usize>,
    },
    /// Host data of the wrong length.
    #[error("shape {shape:?} has {expected} elements, not {found}")]
    Length {
        /// The shape.
        shape: Vec<usize>,
        /// How many elements that is.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// Two tensors that must have one shape have two.
    #[error("{what} has shape {found:?}, not {expected:?}")]
    Shape {
        /// Which tensor is meant.
        what: &'static str,
        /// The shape that it must have.
        expected: Vec<usize>,
        /// The shape that it has.
        found: Vec<usize>,
    },
    /// A tensor of another dtype than the operation needs.
    #[error("{what} is {found}, not {expected}")]
    Dtype {
        /// Which tensor is meant.
        what: &'static str,
        /// The dtype that it must have.
        expected: DType,
        /// The dtype that it has.
        found: DType,
    },
    /// A view that reaches past the end of its buffer.
    #[error("the view reaches byte {needed} of a buffer of {available} bytes")]
    OutOfBounds {
        /// One past the last byte of the view.
        needed: u64,
        /// The size of the buffer.
        available: u64,
    },
    /// A byte offset that is no multiple of the element's size.
    #[error("byte offset {offset} is not a multiple of {alignment}")]
    Misaligned {
        /// The offset, in bytes.
        offset: u64,
        /// What it must be a multiple of.
        alignment: u64,
    },
    /// A buffer that lacks a usage.
    #[error(
        "the buffer lacks usage {missing}; create it with STORAGE, and with COPY_SRC to read it"
    )]
    Usage {
        /// The usage that is missing.
        missing: String,
    },
    /// Source and target share memory without being the same view.
    #[error(
        "source and target overlap in one buffer (elements {source_range:?} and {target_range:?}); use the in-place form or a separate target"
    )]
    Overlap {
        /// First and last element of the source.
        source_range: (usize, usize),
        /// First and last element of the target.
        target_range: (usize, usize),
    },
    /// A buffer that belongs to another context.
    #[error("the buffer belongs to another context ({found}, not {expected})")]
    OtherContext {
        /// The context of the call.
        expected: String,
        /// The context of the buffer.
        found: String,
    },
    /// A plan made for another device, shape or form than it is used with.
    #[error("the plan does not fit: {reason}")]
    PlanMismatch {
        /// What differs.
        reason: String,
    },
    /// A number of an update that is none, or out of its range.
    #[error("an update cannot have the {what} {value}")]
    Update {
        /// Which number.
        what: &'static str,
        /// What it was.
        value: f64,
    },
    /// A forced schedule that would not give the right result.
    #[error("schedule {schedule} cannot be used here: {reason}")]
    IllegalSchedule {
        /// The schedule, as `explain` prints it.
        schedule: String,
        /// What stands against it.
        reason: String,
    },
    /// No adapter could be had.
    #[error("no GPU adapter: {reason}")]
    NoAdapter {
        /// What was tried.
        reason: String,
    },
    /// Something that this device cannot do.
    #[error("{device} cannot do this: {what}")]
    Unsupported {
        /// The device.
        device: String,
        /// What is missing.
        what: String,
    },
    /// The device refused a call.
    #[error("the device refused: {message}")]
    Validation {
        /// What the device said.
        message: String,
    },
    /// The device has no memory left for this.
    #[error("the device is out of memory: {message}")]
    OutOfMemory {
        /// What the device said.
        message: String,
    },
    /// The device is gone, or a wait on it failed.
    #[error("the device is lost or stopped answering: {message}")]
    DeviceLost {
        /// What the device said.
        message: String,
    },
    /// A bound that no value satisfies.
    #[error(
        "the bounds are {low} and {high}; the lower must not be above the upper, and f32 must reach them"
    )]
    Bounds {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// An offset of a plane that no point has.
    #[error("the offset is {offset}; it must be a finite number (that of a half-space may be +∞)")]
    Offset {
        /// What was given.
        offset: f64,
    },
    /// A projection that needs a direction and has none.
    #[error("a {what} needs a direction: plan it `along` one, or call `project_along`")]
    NoDirection {
        /// The set.
        what: String,
    },
    /// A direction where none is needed.
    #[error("{what} takes no direction")]
    UnusedDirection {
        /// What was asked for.
        what: String,
    },
    /// A norm given by the caller that is negative or NaN.
    #[error("the norm that was given is {norm}; a norm is 0 or more")]
    GivenNorm {
        /// What was given.
        norm: f64,
    },
    /// A rate of decay that is negative, NaN or infinite as f32.
    #[error("the rate of decay is {rate}; it must be finite and 0 or more")]
    DecayRate {
        /// What was given.
        rate: f64,
    },
    /// A system that has no such operation.
    #[error("{compat} has no counterpart of {what}")]
    Compat {
        /// The operation.
        what: String,
        /// The system.
        compat: String,
    },
    /// Two tensors of a model with one name.
    #[error("two tensors are named `{name}`")]
    SameName {
        /// The name.
        name: String,
    },
    /// Two names of a model for memory that is written once.
    #[error("`{first}` and `{second}` share elements; say which of them is tied, and leave it out")]
    SharedElements {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A pattern that is no glob.
    #[error("`{pattern}` is no pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that matches no tensor.
    #[error("`{pattern}` matches no tensor")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// A rule that matches only tensors which earlier rules take.
    #[error(
        "`{pattern}` matches only tensors that earlier rules take (`{name}` goes to `{by}`); put it before them, or leave it out"
    )]
    Shadowed {
        /// The pattern of the rule.
        pattern: String,
        /// A tensor that it matches.
        name: String,
        /// The pattern of the rule that takes it.
        by: String,
    },
    /// A tensor of a model that something is wrong with.
    #[error("`{name}`: {error}")]
    Named {
        /// The name of the tensor.
        name: String,
        /// What is wrong.
        error: Box<Error>,
    },
    /// A norm that is not finite, where the caller asked for it to be.
    #[error("`{name}` holds NaN or infinity ({count} tensors do)")]
    NonFinite {
        /// The first tensor that holds one.
        name: String,
        /// How many tensors do.
        count: usize,
    },
    /// A projection that no scaling of the parts of a tensor carries out.
    #[error("{what} is not to be had of a tensor in parts; max-norm and clip by norm are")]
    NotSharded {
        /// What was asked for.
        what: String,
    },
    /// Statistics of other slices than those at hand, or bytes that are none.
    #[error("the statistics do not fit: {reason}")]
    Statistics {
        /// What differs.
        reason: String,
    },
    /// A report of a request that was prepared without one.
    #[error(
        "there is no report: the request was prepared without one (plan it `with_report`), or it is a clip by value, which computes no norm"
    )]
    NoReport,
    /// A report whose commands were dropped instead of submitted, or not submitted yet.
    #[error("the commands that write this report were never submitted")]
    NotSubmitted,
}

//! Groups of tensors on a GPU.

mod bound;
mod prepared;
mod verdicts;

pub use bound::BoundGroup;
pub use prepared::PreparedGroup;
pub(crate) use verdicts::PendingVerdicts;

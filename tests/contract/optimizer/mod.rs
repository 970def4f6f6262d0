//! Steps of optimizers that end inside a set, on every context that takes them.

mod edges;
mod golden;
mod naive;
mod properties;

use normproj::Context;

use crate::contexts::{Contexts, contexts};

/// The contexts that take steps.
fn stepping() -> impl Iterator<Item = &'static Context> {
    let all: Contexts = contexts();
    all.filter(|context| context.as_gpu().is_none())
}

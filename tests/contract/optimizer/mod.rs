//! Steps of optimizers that end inside a set, on every context that takes them.

mod copy;
mod edges;
mod golden;
mod hyperball;
mod naive;
mod properties;

use normproj::Context;

use crate::contexts::contexts;

/// The contexts that take steps.
fn stepping() -> impl Iterator<Item = &'static Context> {
    contexts()
}

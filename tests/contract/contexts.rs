//! Where the tests run: the CPU backend and every adapter of the machine.

use std::sync::OnceLock;

use normproj::{Context, adapters};

pub use crate::turns::{Contexts, say};
use crate::turns::{Turn, found};
use crate::values::hash;

/// Every context that the tests run on, made once.
///
/// One test works on a context at a time, and another one on another.
pub fn contexts() -> Contexts {
    Contexts::of(all())
}

/// The CPU backend and one GPU, by the seed of a random case: each GPU meets its share of them. All that a
/// case needs is compiled for it, which takes a software adapter seconds.
pub fn contexts_for(seed: u64) -> Contexts {
    let (cpus, gpus): (Vec<_>, Vec<_>) = all().iter().partition(|c| c.as_gpu().is_none());
    let gpu = gpus.get(hash(seed, 0x69a) as usize % gpus.len().max(1));
    Contexts::of(cpus.into_iter().chain(gpu.copied()))
}

fn all() -> &'static [Context] {
    static CONTEXTS: OnceLock<Vec<Context>> = OnceLock::new();
    CONTEXTS.get_or_init(|| {
        let contexts: Vec<Context> = std::iter::once(Context::cpu()).chain(gpus()).collect();
        contexts.iter().for_each(|context| say(&format!("tested on: {}", context.describe())));
        contexts
    })
}

/// Every adapter, for a test that works on several at a time or opens contexts of its own.
pub fn alone() -> Option<Turn> {
    Turn::of(all())
}

/// One context for each adapter, and one with a browser's limits, where workgroups are small and large
/// tensors are split; only its buffers may be as large as the adapter's.
fn gpus() -> Vec<Context> {
    let adapters = found();
    let browser = adapters.first().map(|adapter| {
        let max_buffer_size = adapter.limits.buffer_bytes;
        let limits = wgpu::Limits { max_buffer_size, ..wgpu::Limits::default() };
        Context::on_with_limits(adapter, limits)
    });
    let whole = adapters.iter().map(Context::on);
    whole.chain(browser).map(|opened| opened.expect("an adapter that is listed opens")).collect()
}

#[test]
fn random_cases_reach_every_context() {
    let mut reached: Vec<String> = (0..60).flat_map(|seed| contexts_for(seed).map(place)).collect();
    let mut every: Vec<String> = contexts().map(place).collect();
    reached.sort();
    reached.dedup();
    every.sort();
    assert_eq!(reached, every);
}

/// A browser's limits are another context of the same device.
fn place(context: &Context) -> String {
    format!("{:?}", context.profile())
}

#[test]
fn the_cpu_and_every_adapter_are_tested() {
    let gpus = contexts().filter(|context| context.as_gpu().is_some()).count();
    assert_eq!((contexts().count(), gpus.saturating_sub(1)), (1 + gpus, adapters().len()));
}

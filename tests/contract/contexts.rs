//! Where the tests run: the CPU backend and every adapter of the machine.

use std::cell::Cell;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::vec;

use normproj::{Context, adapters};

use crate::values::hash;

/// Set to 1 where a GPU adapter must be found (software counts): continuous integration.
const REQUIRE: &str = "NORMPROJ_REQUIRE_ADAPTER";

/// Every context that the tests run on, made once.
///
/// One test works on them at a time: software adapters take the whole machine, and wgpu panics where
/// a thread waits for OpenGL longer than some seconds, as it would beside a test of large tensors.
pub fn contexts() -> Contexts {
    let turn = Turn::take();
    Contexts { contexts: all().iter().collect::<Vec<_>>().into_iter(), _turn: turn }
}

/// The CPU backend and one GPU, by the seed of a random case: each GPU meets its share of them. All that a
/// case needs is compiled for it, which takes a software adapter seconds.
pub fn contexts_for(seed: u64) -> Contexts {
    let turn = Turn::take();
    let (cpus, gpus): (Vec<_>, Vec<_>) = all().iter().partition(|c| c.as_gpu().is_none());
    let gpu = gpus.get(hash(seed, 0x69a) as usize % gpus.len().max(1));
    let contexts: Vec<_> = cpus.into_iter().chain(gpu.copied()).collect();
    Contexts { contexts: contexts.into_iter(), _turn: turn }
}

fn all() -> &'static [Context] {
    static CONTEXTS: OnceLock<Vec<Context>> = OnceLock::new();
    CONTEXTS.get_or_init(|| {
        let gpus = gpus();
        let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
        if gpus.is_empty() {
            assert!(!required, "{REQUIRE}=1, and there is no GPU adapter");
            say("skipped: the GPU backend (no adapter)");
        }
        let contexts: Vec<Context> = std::iter::once(Context::cpu()).chain(gpus).collect();
        contexts.iter().for_each(|context| say(&format!("tested on: {}", context.describe())));
        contexts
    })
}

/// The contexts, for as long as it is this test's turn.
pub struct Contexts {
    contexts: vec::IntoIter<&'static Context>,
    _turn: Turn,
}

impl Iterator for Contexts {
    type Item = &'static Context;

    fn next(&mut self) -> Option<&'static Context> {
        self.contexts.next()
    }
}

/// A test may ask for its contexts while it has them.
struct Turn(Option<MutexGuard<'static, ()>>);

thread_local! {
    static MINE: Cell<bool> = const { Cell::new(false) };
}

impl Turn {
    fn take() -> Turn {
        static TURN: Mutex<()> = Mutex::new(());
        let again = MINE.replace(true);
        Turn((!again).then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.is_some() {
            MINE.set(false);
        }
    }
}

/// One context for each adapter, and one with a browser's limits, where workgroups are small and large
/// tensors are split; only its buffers may be as large as the adapter's.
fn gpus() -> Vec<Context> {
    let adapters = adapters();
    let browser = adapters.first().map(|adapter| {
        let max_buffer_size = adapter.limits.buffer_bytes;
        let limits = wgpu::Limits { max_buffer_size, ..wgpu::Limits::default() };
        Context::on_with_limits(adapter, limits)
    });
    let whole = adapters.iter().map(Context::on);
    whole.chain(browser).map(|opened| opened.expect("an adapter that is listed opens")).collect()
}

/// Past the test harness, which hides what passing tests print.
pub fn say(line: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{line}");
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

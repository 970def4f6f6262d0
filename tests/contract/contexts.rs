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
/// One test works on a context at a time, and another one on another.
pub fn contexts() -> Contexts {
    Contexts::of(all().iter().collect())
}

/// The CPU backend and one GPU, by the seed of a random case: each GPU meets its share of them. All that a
/// case needs is compiled for it, which takes a software adapter seconds.
pub fn contexts_for(seed: u64) -> Contexts {
    let (cpus, gpus): (Vec<_>, Vec<_>) = all().iter().partition(|c| c.as_gpu().is_none());
    let gpu = gpus.get(hash(seed, 0x69a) as usize % gpus.len().max(1));
    Contexts::of(cpus.into_iter().chain(gpu.copied()).collect())
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

/// Contexts, each for as long as the test works on it.
pub struct Contexts {
    contexts: vec::IntoIter<&'static Context>,
    turn: Option<Turn>,
}

impl Contexts {
    fn of(contexts: Vec<&'static Context>) -> Self {
        Contexts { contexts: contexts.into_iter(), turn: None }
    }
}

impl Iterator for Contexts {
    type Item = &'static Context;

    fn next(&mut self) -> Option<&'static Context> {
        // A test that waited for one adapter while it has another might wait for ever.
        self.turn = None;
        let context = self.contexts.next()?;
        let here = turn(context);
        self.turn = Turn::take(|place| *place == here);
        Some(context)
    }
}

/// Every adapter, for a test that works on several at a time or opens contexts of its own.
pub fn alone() -> Option<Turn> {
    Turn::take(|_| true)
}

/// What no other test has meanwhile.
pub struct Turn(#[expect(dead_code, reason = "held")] Vec<MutexGuard<'static, ()>>);

thread_local! {
    static MINE: Cell<bool> = const { Cell::new(false) };
}

impl Turn {
    /// Nothing more for a test that has its turn.
    fn take(wanted: impl Fn(&String) -> bool) -> Option<Turn> {
        static PLACES: OnceLock<Vec<(String, Mutex<()>)>> = OnceLock::new();
        let places = PLACES.get_or_init(|| {
            let mut places: Vec<String> = all().iter().map(turn).collect();
            places.sort();
            places.dedup();
            places.into_iter().map(|place| (place, Mutex::new(()))).collect()
        });
        // In one order, so that no two tests wait for each other.
        let wanted = places.iter().filter(|(place, _)| wanted(place));
        let lock = |(_, place): &'static (String, Mutex<()>)| {
            place.lock().unwrap_or_else(PoisonError::into_inner)
        };
        (!MINE.replace(true)).then(|| Turn(wanted.map(lock).collect()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        MINE.set(false);
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

/// What one test has for itself: a context, or all of OpenGL, because wgpu panics where a thread waits for that longer than
/// some seconds, as it would beside a test of large tensors.
fn turn(context: &Context) -> String {
    let name = context.describe().to_string();
    if name.contains("Gl") { name } else { place(context) }
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

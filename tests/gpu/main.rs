//! The GPU side: recording, the caller's device, steady state, and what dispatches really move.
//! Skips, loudly, where there is no adapter; `NORMPROJ_REQUIRE_ADAPTER=1` makes that a failure.

mod allocations;
mod by_hand;
mod counting;
mod counting_steps;
mod groups;
mod halves;
mod memory;
mod noop;
mod set_edges;
mod sets;
mod sharing;
mod steady;
mod truth;

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use normproj::{Adapter, Context, adapters};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Every adapter, with all of its limits and with those of a browser; opened once. One test works
/// on them at a time, because software adapters take the whole machine.
fn contexts() -> MutexGuard<'static, Vec<Context>> {
    static CONTEXTS: Mutex<Vec<Context>> = Mutex::new(Vec::new());
    let mut contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if contexts.is_empty() {
        for adapter in found() {
            let browser = wgpu::Limits::default();
            contexts.push(Context::on(&adapter).expect("an adapter opens"));
            contexts.push(Context::on_with_limits(&adapter, browser).expect("a browser's limits"));
        }
    }
    contexts
}

/// The context whose turn it is, where all that differs between contexts is in other tests: software
/// adapters compile a program for a second.
fn in_turn<T>(contexts: &[T], turn: usize) -> Option<&T> {
    contexts.iter().cycle().nth(turn)
}

fn found() -> Vec<Adapter> {
    let adapters = adapters();
    if adapters.is_empty() {
        let required = std::env::var_os("NORMPROJ_REQUIRE_ADAPTER").is_some_and(|v| v == "1");
        assert!(!required, "no adapter was found, and NORMPROJ_REQUIRE_ADAPTER=1");
        say("skipped: all that needs a GPU (no adapter)");
    }
    for adapter in &adapters {
        say(&format!("tested on: {adapter}"));
    }
    adapters
}

/// Past the test harness, which hides what passing tests print.
fn say(line: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{line}");
}

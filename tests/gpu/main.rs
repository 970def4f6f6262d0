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
#[path = "../turns/mod.rs"]
mod turns;

use std::sync::OnceLock;

use normproj::Context;

use turns::{Contexts, found, say};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Every adapter, with all of its limits and with those of a browser.
fn contexts() -> Contexts {
    Contexts::of(all())
}

/// The context whose turn it is, where all that differs between contexts is in other tests: software
/// adapters compile a program for a second.
fn in_turn(turn: usize) -> Contexts {
    Contexts::of(all().iter().cycle().nth(turn))
}

/// Opened once.
fn all() -> &'static [Context] {
    static CONTEXTS: OnceLock<Vec<Context>> = OnceLock::new();
    CONTEXTS.get_or_init(|| {
        let both = found().into_iter().flat_map(|adapter| {
            say(&format!("tested on: {adapter}"));
            let browser = Context::on_with_limits(&adapter, wgpu::Limits::default());
            [Context::on(&adapter), browser]
        });
        both.map(|opened| opened.expect("an adapter that is listed opens")).collect()
    })
}

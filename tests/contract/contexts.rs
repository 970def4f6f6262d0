//! Where the tests run: the CPU backend and every adapter of the machine.

use std::io::Write;
use std::sync::OnceLock;

use normproj::{Context, adapters};

/// Set to 1 where a GPU adapter must be found (software counts): continuous integration.
const REQUIRE: &str = "NORMPROJ_REQUIRE_ADAPTER";

/// Every context that the tests run on, made once.
pub fn contexts() -> &'static [Context] {
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
fn the_cpu_and_every_adapter_are_tested() {
    let gpus = contexts().iter().filter(|context| context.as_gpu().is_some()).count();
    assert_eq!((contexts().len(), gpus.saturating_sub(1)), (1 + gpus, adapters().len()));
}

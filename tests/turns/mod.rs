//! Contexts by turns: tests run side by side, one at a time on each context. A software adapter compiles on one core, so
//! another may work meanwhile.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec;

use normproj::{Adapter, Context, adapters};

/// Set to 1 where a GPU adapter must be found (software counts): continuous integration.
const REQUIRE: &str = "NORMPROJ_REQUIRE_ADAPTER";

/// The adapters of this machine. To have none is a failure where one is required, and said loudly elsewhere.
pub fn found() -> Vec<Adapter> {
    let adapters = adapters();
    if adapters.is_empty() {
        let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
        assert!(!required, "{REQUIRE}=1, and there is no GPU adapter");
        say("skipped: all that needs a GPU (no adapter)");
    }
    adapters
}

/// Contexts, each for as long as the test works on it.
pub struct Contexts {
    contexts: vec::IntoIter<&'static Context>,
    turn: Option<Turn>,
}

impl Contexts {
    pub fn of(contexts: impl IntoIterator<Item = &'static Context>) -> Self {
        Contexts { contexts: contexts.into_iter().collect::<Vec<_>>().into_iter(), turn: None }
    }
}

impl Iterator for Contexts {
    type Item = &'static Context;

    fn next(&mut self) -> Option<&'static Context> {
        // A test that waited for one context while it has another might wait for ever.
        self.turn = None;
        let context = self.contexts.next()?;
        self.turn = Turn::of([context]);
        Some(context)
    }

    /// Waits for none of those that it leaves out.
    fn nth(&mut self, left_out: usize) -> Option<&'static Context> {
        self.contexts.by_ref().take(left_out).for_each(drop);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.contexts.size_hint()
    }
}

impl ExactSizeIterator for Contexts {}

/// What no other test has meanwhile.
pub struct Turn(#[expect(dead_code, reason = "held")] Vec<MutexGuard<'static, ()>>);

thread_local! {
    static MINE: Cell<bool> = const { Cell::new(false) };
}

impl Turn {
    /// The turn of a test that works on several contexts at a time, or opens some of its own. None where it
    /// has one already.
    pub fn of(contexts: impl IntoIterator<Item = &'static Context>) -> Option<Turn> {
        // In one order, so that no two tests wait for each other.
        let mut places: Vec<String> = contexts.into_iter().map(place).collect();
        places.sort();
        places.dedup();
        (!MINE.replace(true)).then(|| Turn(places.into_iter().map(lock).collect()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        MINE.set(false);
    }
}

fn lock(place: String) -> MutexGuard<'static, ()> {
    static PLACES: Mutex<BTreeMap<String, &'static Mutex<()>>> = Mutex::new(BTreeMap::new());
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = *places.entry(place).or_insert_with(|| Box::leak(Box::default()));
    drop(places);
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one test has for itself: a context, or all of OpenGL, because wgpu panics where a thread waits for that longer than
/// some seconds, as it would beside a test of large tensors. A browser's limits are another context of the same device.
fn place(context: &'static Context) -> String {
    let name = context.describe().to_string();
    if name.contains("Gl") { name } else { format!("{:?}", context.profile()) }
}

/// Past the test harness, which hides what passing tests print.
pub fn say(line: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{line}");
}

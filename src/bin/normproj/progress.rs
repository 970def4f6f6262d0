//! A progress bar on stderr, for work that takes long enough to wonder.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes less needs no bar.
const PATIENCE: Duration = Duration::from_millis(800);

/// What is done of what is to do.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    quiet: bool,
}

impl Progress {
    /// Bytes.
    pub fn bytes(bytes: u64, quiet: bool) -> Self {
        let speed = "{binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
        Self::new(bytes, quiet, speed)
    }

    /// Things to count.
    pub fn count(count: u64, quiet: bool) -> Self {
        Self::new(count, quiet, "{pos} of {len}, {eta} left")
    }

    fn new(total: u64, quiet: bool, figures: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        // A template that indicatif cannot read costs the figures, not the work.
        if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {figures}")) {
            bar.set_style(style);
        }
        Progress { bar, started: Instant::now(), quiet }
    }

    /// More is to do than was known.
    pub fn expect(&self, more: u64) {
        self.bar.inc_length(more);
    }

    /// More is done. indicatif draws nothing where stderr is no terminal.
    pub fn advance(&self, by: u64) {
        if !self.quiet && self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

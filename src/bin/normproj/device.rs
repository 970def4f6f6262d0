//! Where work runs.

use std::io::Write;

use normproj::Context;

use crate::failure::{Failure, Result};
use crate::options::RunOptions;

/// The context that `--device` asks for. stderr says which it is, and what runs on it.
pub fn open(options: &RunOptions) -> Result<Context> {
    let context = named(&options.device)?;
    note(options, &build());
    note(options, &format!("on {}", context.describe()));
    Ok(context)
}

/// A context of its own of what `--device` names; the same device each time.
pub fn named(name: &str) -> Result<Context> {
    Ok(match name {
        "auto" => Context::new()?,
        "cpu" => Context::cpu(),
        "gpu" => Context::gpu()?,
        "" => return Err(Failure::usage("--device is empty")),
        name => Context::named(name)?,
    })
}

/// What this program was built as.
pub fn build() -> String {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("version {}, {arch}-{os}, {profile} build", env!("CARGO_PKG_VERSION"))
}

/// Says something on stderr.
pub fn note(options: &RunOptions, text: &str) {
    if !options.quiet {
        // Nothing depends on a note: a closed stderr is no failure.
        let _ = writeln!(std::io::stderr(), "normproj: {text}");
    }
}

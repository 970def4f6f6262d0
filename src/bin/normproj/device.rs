//! Where work runs. What the library says of adapters comes in here and nowhere else.

use std::io::Write;

use normproj::Context;

use crate::failure::{Failure, Result};
use crate::options::RunOptions;

/// An adapter that could be used, as `normproj devices` lists it.
pub struct Adapter {
    pub name: String,
    pub backend: String,
    pub driver: String,
    pub kind: String,
    pub features: Vec<String>,
    pub limits: normproj::plan::profile::GpuLimits,
}

/// The adapters of this machine.
pub fn adapters() -> Vec<Adapter> {
    Vec::new()
}

/// The context that `--device` asks for. stderr says which it is, and what runs on it.
pub fn open(options: &RunOptions) -> Result<Context> {
    let context = match options.device.as_str() {
        "auto" => Context::new()?,
        "cpu" => Context::cpu(),
        "gpu" => return Err(Failure::new("--device gpu: GPUs are not supported yet; use cpu")),
        name => named(name)?,
    };
    note(options, &build());
    note(options, &format!("on {}", context.describe()));
    Ok(context)
}

fn named(name: &str) -> Result<Context> {
    let context = Context::cpu();
    let matches = context.describe().to_lowercase().contains(&name.to_lowercase());
    let unknown =
        || format!("--device {name}: no adapter or backend of that name; see normproj devices");
    if matches { Ok(context) } else { Err(Failure::new(unknown())) }
}

/// What this program was built as.
pub fn build() -> String {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("version {}, {arch}-{os}, {profile} build", env!("CARGO_PKG_VERSION"))
}

/// Says something on stderr.
fn note(options: &RunOptions, text: &str) {
    if !options.quiet {
        // Nothing depends on a note: a closed stderr is no failure.
        let _ = writeln!(std::io::stderr(), "normproj: {text}");
    }
}

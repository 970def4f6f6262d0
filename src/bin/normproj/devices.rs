//! `normproj devices`.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use normproj::{Adapter, Context, adapters};

use crate::device;
use crate::failure::{Result, written};

/// Adapters, drivers, features and limits, and which one would be used
#[derive(Debug, Args)]
pub struct Arguments {}

pub fn run(_: &Arguments) -> Result<()> {
    let mut text = format!("normproj {}\n\n", device::build());
    for adapter in adapters() {
        describe(&mut text, &adapter);
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", Context::cpu().describe());
    let _ = writeln!(text, "\nused unless --device says otherwise: {}", Context::new()?.describe());
    written(std::io::stdout().write_all(text.as_bytes()))
}

fn describe(text: &mut String, adapter: &Adapter) {
    let Adapter { features, limits, .. } = adapter;
    let mib = |bytes: u64| bytes >> 20;
    let _ = writeln!(text, "{adapter}");
    let _ = writeln!(
        text,
        "  workgroups of {} invocations and {} KiB; bindings of {} MiB, buffers of {} MiB",
        limits.invocations,
        limits.workgroup_memory >> 10,
        mib(limits.binding_bytes),
        mib(limits.buffer_bytes),
    );
    let _ = writeln!(text, "  features: {}\n", features.join(", "));
}

//! The command line of both examples.

use std::path::PathBuf;

use normproj::Context;

#[derive(clap::Parser, Debug)]
pub struct Args {
    /// auto (a hardware GPU, else the CPU backend), gpu (software too), cpu, or part of an
    /// adapter's name
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// How many seeds are trained, each with and without
    #[arg(long, default_value_t = 5)]
    pub seeds: u64,
    /// Passes over the training images
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Where the CSV and SVG files go
    #[arg(long, default_value = "target/curves")]
    pub out: PathBuf,
    /// After every step, compare with the oracle; it reads back what the loop otherwise would not
    #[arg(long)]
    pub check: bool,
    /// Update and bound the weights in one go, on the device; the MLP alone
    #[arg(long)]
    pub fused: bool,
}

impl Args {
    pub fn context(&self) -> normproj::Result<Context> {
        match self.device.as_str() {
            "auto" => Context::new(),
            "gpu" => Context::gpu(),
            name => Context::named(name),
        }
    }
}

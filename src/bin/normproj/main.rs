//! `normproj`: norm constraints on the tensors of `.safetensors` and `.npy` files.

mod adaptive;
mod apply;
mod bench;
mod check;
mod device;
mod devices;
mod failure;
mod files;
mod font;
mod global;
mod interrupt;
mod job;
mod l2_loss;
mod norms;
mod operations;
mod options;
mod output;
mod parse;
mod progress;
mod row;
mod select;
mod slices;
mod summary;
mod table;
mod work;

use std::process::ExitCode;

use clap::Parser;

use failure::{Failure, Result};

/// Puts the tensors of checkpoints back inside a norm constraint
///
/// Inputs are .safetensors and .npy files. Exit status: 0 done, 1 could not be done (or a bound or
/// check does not hold), 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "normproj", version, max_term_width = 100, arg_required_else_help = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Devices(devices::Arguments),
    Check(check::Arguments),
    Bench(bench::Arguments),
    Norms(norms::Arguments),
    L2Loss(l2_loss::Arguments),
    AdaptiveClip(adaptive::Arguments),
    #[command(flatten)]
    Operation(operations::Command),
    Apply(apply::Arguments),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<()> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return Failure::from_clap(error),
    };
    interrupt::install()?;
    match cli.command {
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Norms(arguments) => norms::run(&arguments),
        Command::L2Loss(arguments) => l2_loss::run(&arguments),
        Command::AdaptiveClip(arguments) => adaptive::run(&arguments),
        Command::Operation(command) => command.run(),
        Command::Apply(arguments) => apply::run(&arguments),
    }
}

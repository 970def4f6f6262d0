//! How many instructions the CPU backend and the recording of GPU work take, counted by valgrind and
//! held against `figures.csv`, so that no change makes either slower unseen. Counts do not depend on
//! what else the machine does; they do on compiler and processor, and are compared under those that made them.
//!
//! `cargo bench --bench instructions` compares, `… -- --record` writes the figures. Each case is run
//! once and three times under callgrind: half of the difference is one more run, without the start.

mod cases;
mod figures;

use std::process::{Command, ExitCode};

use cases::CASES;
use figures::{Figures, changes};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["run", case, times] => run(case, times),
        words => measure(words.contains(&"--record")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The measured process.
fn run(name: &str, times: &str) -> Result<()> {
    let case = CASES.iter().find(|case| case.0 == name).ok_or("no such case")?;
    case.1(times.parse()?)
}

fn measure(record: bool) -> Result<()> {
    let planted = Figures::planted();
    if changes(&planted, &planted.with(1.03)).len() != 1 {
        return Err("a planted growth of 3% was not found".into());
    }
    let mut found = Figures::new()?;
    for (name, _) in CASES {
        let [one, three] = [counted(name, 1)?, counted(name, 3)?];
        let instructions = three.saturating_sub(one) / 2;
        println!("{name}: {instructions} instructions");
        found.add(name, instructions);
    }
    if record {
        return found.write();
    }
    let stored = Figures::read()?;
    if stored.compiler != found.compiler {
        println!("not compared: made by {}, this is {}", stored.compiler, found.compiler);
        return Ok(());
    }
    let changes = changes(&stored, &found);
    if changes.is_empty() {
        println!("{} cases are as they were", CASES.len());
        return Ok(());
    }
    Err(format!("{}\n(meant so? `-- --record`)", changes.join("\n")).into())
}

/// The instructions of a process that runs the case so many times on one thread.
fn counted(name: &str, times: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["run", name, &times.to_string()])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1));
    match collected {
        Some(count) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("{name}: {text}").into()),
    }
}

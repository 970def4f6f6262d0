//! Why the command ends without having done its work: one line on stderr and an exit status.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub type Result<T> = std::result::Result<T, Failure>;

/// What was wrong with what, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// Something that could not be done: exit status 1.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), status: 1 }
    }

    /// A command line that asks for something that makes no sense: exit status 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure { message: message.into(), status: 2 }
    }

    /// What was wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Something that went wrong with a file.
    pub fn file(path: &Path, reason: impl Display) -> Self {
        Failure::new(format!("{}: {reason}", path.display()))
    }

    /// What clap found wrong, as one line; help and version are printed and are no failure.
    pub fn from_clap(error: clap::Error) -> Result<()> {
        if error.exit_code() == 0 {
            return written(error.print());
        }
        // Paragraphs: what was wrong, tips, usage, a pointer to the help.
        let text = error.to_string();
        let paragraphs = text
            .split("\n\n")
            .filter(|part| !part.starts_with("Usage:") && !part.starts_with("For more information"))
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>();
        let message = paragraphs.join("; ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        Err(Failure::usage(format!("{message}; see --help")))
    }

    /// The same failure, said of a tensor or a file.
    pub fn within(self, what: &str) -> Self {
        Failure { message: format!("{what}: {}", self.message), ..self }
    }

    /// Says it on stderr, in one line whatever the names of files and tensors hold.
    pub fn report(&self) -> ExitCode {
        let line = line(&self.message);
        // Nothing can be said of a closed stderr; the exit status still tells.
        let _ = writeln!(std::io::stderr(), "normproj: error: {line}");
        ExitCode::from(self.status)
    }
}

/// A line whatever the names in it hold.
pub fn line(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// A character that a line can hold.
pub fn visible(character: char) -> char {
    if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }
}

impl From<normproj::Error> for Failure {
    fn from(error: normproj::Error) -> Self {
        match error {
            normproj::Error::AxisOutOfRange { .. } => Failure::new(format!(
                "{error}; leave the tensor out with --exclude, or use --per-unit"
            )),
            _ => Failure::new(error.to_string()),
        }
    }
}

/// The outcome of writing to stdout. A reader that has seen enough (`| head`) is no failure.
pub fn written(outcome: std::io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("stdout: {error}")))
        }
        _ => Ok(()),
    }
}

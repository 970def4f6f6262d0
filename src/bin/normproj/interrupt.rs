//! Temporary files that must not outlive an interrupted command.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};

/// What a shell reports of a command that SIGINT ended.
const INTERRUPTED: i32 = 130;

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporary() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on SIGINT, SIGTERM and SIGHUP remove the temporary files and end the process.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        // The lock is held to the end, so that no other temporary file appears.
        for path in temporary().iter() {
            let _ = std::fs::remove_file(path);
        }
        std::process::exit(INTERRUPTED);
    })
    .map_err(|error| Failure::new(format!("cannot handle interrupts: {error}")))
}

/// A temporary file in a folder, removed when it is dropped and when the command is interrupted.
pub fn temporary_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    // Created under the lock: an interrupt sees it, or comes before it.
    let mut paths = temporary();
    let mut builder = tempfile::Builder::new();
    builder.prefix(".normproj-").suffix(".tmp");
    // Like any new file; the default is readable by its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    paths.push(file.path().to_path_buf());
    Ok(file)
}

//! Where results go. They are written beside their targets and renamed when all are complete, so
//! that work which fails or is interrupted leaves the old files, and no new ones.

use std::collections::HashSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};
use crate::files::{Format, Input};
use crate::interrupt;
use crate::options::OutputOptions;

/// The file that the result of one input becomes.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    /// Whether a file of this name may be there already.
    replace: bool,
    /// Whether the folder is made if it is not there.
    make_folder: bool,
}

/// The inputs themselves as targets.
pub fn in_place(inputs: &[Input]) -> Result<Vec<Target>> {
    let target = |input: &Input| {
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(&input.path).map_err(|e| Failure::file(&input.path, e))?;
        Ok(Target { path, replace: true, make_folder: false })
    };
    distinct(inputs.iter().map(target).collect::<Result<_>>()?)
}

/// One target for each input: a file, or the name of the input in a folder.
pub fn targets(inputs: &[Input], to: &Path, options: &OutputOptions) -> Result<Vec<Target>> {
    let folder = inputs.len() > 1 || to.is_dir();
    if folder && to.exists() && !to.is_dir() {
        return Err(Failure::file(to, "a file; several inputs need a folder"));
    }
    let originals: HashSet<PathBuf> =
        inputs.iter().filter_map(|input| fs::canonicalize(&input.path).ok()).collect();
    let target = |input: &Input| {
        let name = input.path.file_name().unwrap_or_default();
        let path = if folder { to.join(name) } else { to.to_path_buf() };
        if let Some(other) = Format::of(&path).filter(|format| *format != input.format) {
            let (is, keeps) = (other.suffix(), input.format.suffix());
            let reason = format!("the output keeps the format of the input, {keeps}, not {is}");
            return Err(Failure::file(&path, reason));
        }
        if fs::canonicalize(&path).is_ok_and(|path| originals.contains(&path)) {
            return Err(Failure::file(
                &path,
                "the output is an input; say --in-place, where there is that",
            ));
        }
        Ok(Target { make_folder: folder, ..file(path, options.force)? })
    };
    distinct(inputs.iter().map(target).collect::<Result<_>>()?)
}

/// A file that may be there already only if it may be replaced.
pub fn file(path: PathBuf, force: bool) -> Result<Target> {
    let Ok(canonical) = fs::canonicalize(&path) else {
        // What a link leads to may be a pipe, or not be there: the link itself is not to be replaced.
        if fs::symlink_metadata(&path).is_ok() {
            return Err(Failure::file(&path, "a link that leads to no regular file"));
        }
        return Ok(Target { path, replace: force, make_folder: false });
    };
    if !canonical.is_file() {
        return Err(Failure::file(&path, "not a regular file"));
    }
    if !force {
        return Err(Failure::file(&path, "exists; --force replaces it"));
    }
    Ok(Target { path: canonical, replace: true, make_folder: false })
}

/// Refuses to write to a file that is read beside the inputs.
pub fn spare(targets: &[Target], other: &Path) -> Result<()> {
    let canonical = fs::canonicalize(other).ok();
    match targets.iter().find(|target| Some(&target.path) == canonical.as_ref()) {
        Some(target) => Err(Failure::file(&target.path, "the output is a file that is read, too")),
        None => Ok(()),
    }
}

fn distinct(targets: Vec<Target>) -> Result<Vec<Target>> {
    let mut seen = HashSet::new();
    match targets.iter().find(|target| !seen.insert(&target.path)) {
        Some(twice) => Err(Failure::file(&twice.path, "two inputs would be written to this file")),
        None => Ok(targets),
    }
}

/// A result that is being written, under a temporary name beside its target.
#[derive(Debug)]
pub struct Staged {
    file: BufWriter<NamedTempFile>,
    target: Target,
}

impl Staged {
    pub fn create(target: Target) -> Result<Staged> {
        let folder = match target.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if target.make_folder {
            fs::create_dir_all(folder).map_err(|error| Failure::file(folder, error))?;
        }
        let file = interrupt::temporary_in(folder).map_err(|error| {
            let what =
                format!("no file can be made in folder {}: {}", folder.display(), plain(&error));
            Failure::file(&target.path, what)
        })?;
        Ok(Staged { file: BufWriter::new(file), target })
    }

    /// Everything on disk, under the temporary name, with the permissions of what it replaces.
    fn complete(self) -> Result<(NamedTempFile, Target)> {
        let Staged { file, target } = self;
        let file = file.into_inner().map_err(|e| Failure::file(&target.path, e.error()))?;
        let synced = file.as_file().sync_all();
        let like_old = match fs::metadata(&target.path) {
            Ok(old) if target.replace => file.as_file().set_permissions(old.permissions()),
            _ => Ok(()),
        };
        synced.and(like_old).map_err(|error| Failure::file(&target.path, error))?;
        Ok((file, target))
    }
}

/// Gives results their names, once all of them are complete.
pub fn commit(staged: Vec<Staged>) -> Result<()> {
    let complete = staged.into_iter().map(Staged::complete).collect::<Result<Vec<_>>>()?;
    for (file, Target { path, replace, .. }) in complete {
        let renamed = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
        renamed.map_err(|error| Failure::file(&path, error.error))?;
    }
    Ok(())
}

/// Writes to a result.
pub fn write(to: &mut impl Write, bytes: &[u8]) -> Result<()> {
    to.write_all(bytes)
        .map_err(|error| Failure::new(format!("the output cannot be written: {error}")))
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// The error without the temporary name, which tells a user nothing.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such folder".to_string(),
        kind => kind.to_string(),
    }
}

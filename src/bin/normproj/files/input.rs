//! An input file: its header in memory, its elements on disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::Dtype;

use super::{Format, Tensor, Word, input_format, npy};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::Progress;

/// How much of what is not worked on is in memory at once.
const PIECE: u64 = 1 << 20;

/// A file whose header was read and found sound.
#[derive(Debug)]
pub struct Input {
    pub path: PathBuf,
    pub format: Format,
    /// In the order of their bytes, which they cover without gaps from the header to the end.
    pub tensors: Vec<Tensor>,
    /// The bytes before the first tensor.
    pub header: u64,
    file: File,
}

impl Input {
    /// Reads the header of a file; `read_as` says what a .npy of uint16 really holds.
    pub fn open(path: &Path, read_as: Option<Dtype>) -> Result<Input> {
        let wrong = |reason: String| Failure::file(path, reason);
        let io = |error: std::io::Error| wrong(reason(&error));
        let about = std::fs::metadata(path).map_err(io)?;
        if about.is_dir() {
            return Err(wrong("a folder; name the files in it".to_string()));
        }
        if !about.is_file() {
            return Err(wrong("not a regular file".to_string()));
        }
        let format = input_format(path)?;
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let tensors = match format {
            Format::Safetensors => super::safetensors::read(&mut file, length),
            Format::Npy => npy::read(&mut file, length, path, read_as).map(|tensor| vec![tensor]),
        };
        let tensors = tensors.map_err(wrong)?;
        let header = tensors.iter().map(|tensor| tensor.bytes.start).min().unwrap_or(length);
        Ok(Input { path: path.to_path_buf(), format, tensors, header, file })
    }

    /// The elements of a tensor, in the order of the file.
    pub fn read(&mut self, index: usize, progress: &Progress) -> Result<Vec<Word>> {
        let tensor = &self.tensors[index];
        let Range { start, end } = tensor.bytes;
        let fail = |reason: String| Failure::file(&self.path, reason);
        let mut words: Vec<Word> = Vec::new();
        let count = usize::try_from((end - start) / 2).unwrap_or(usize::MAX);
        words
            .try_reserve_exact(count)
            .map_err(|_| fail(format!("{} bytes do not fit in memory", end - start)))?;
        words.resize(count, Word::ZERO);
        self.file
            .seek(SeekFrom::Start(start))
            .and_then(|_| self.file.read_exact(bytemuck::cast_slice_mut(&mut words)))
            .map_err(|error| fail(reason(&error)))?;
        swap(&mut words, tensor);
        progress.advance(end - start);
        Ok(words)
    }

    /// Writes elements as the tensor's file holds them.
    pub fn write(&self, index: usize, mut words: Vec<Word>, to: &mut impl Write) -> Result<()> {
        swap(&mut words, &self.tensors[index]);
        output::write(to, bytemuck::cast_slice(&words))
    }

    /// Copies bytes as they are, in pieces.
    pub fn copy(
        &mut self,
        bytes: Range<u64>,
        to: &mut impl Write,
        progress: &Progress,
    ) -> Result<()> {
        let fail = |error: std::io::Error| Failure::file(&self.path, reason(&error));
        let mut left = bytes.end - bytes.start;
        let mut piece = vec![0; left.min(PIECE) as usize];
        self.file.seek(SeekFrom::Start(bytes.start)).map_err(fail)?;
        while left > 0 {
            let piece = &mut piece[..left.min(PIECE) as usize];
            self.file.read_exact(piece).map_err(fail)?;
            output::write(to, piece)?;
            left -= piece.len() as u64;
            progress.advance(piece.len() as u64);
        }
        Ok(())
    }
}

fn swap(words: &mut [Word], tensor: &Tensor) {
    if tensor.swapped {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(words);
        bytes.chunks_exact_mut(tensor.dtype.bitsize() / 8).for_each(<[u8]>::reverse);
    }
}

/// What went wrong, in words a user would choose.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind::*;
    match error.kind() {
        NotFound => "no such file".to_string(),
        UnexpectedEof => "the file ended early; was it changed meanwhile?".to_string(),
        PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    }
}

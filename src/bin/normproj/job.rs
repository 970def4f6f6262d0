//! What operations on files have in common: inputs, what is taken of them, and a device.

use std::path::PathBuf;

use normproj::{Context, DType, DeviceBuffer, Element, Error, Layout};
use safetensors::Dtype;

use crate::failure::{Failure, Result};
use crate::files::{Input, Tensor, Word};
use crate::options::{InputOptions, RunOptions};
use crate::output::Staged;
use crate::progress::Progress;
use crate::{device, select};

/// A constraint is for weights: a bias or a gain has no units.
pub const WEIGHTS: usize = 2;
/// A clip is for gradients of any rank.
pub const ANY_RANK: usize = 0;

/// How many words are read back from a device at once.
const PIECE: usize = 8 << 20;

/// A tensor: the number of its input, and its own in there.
pub type At = (usize, usize);

/// Files and a device.
pub struct Job {
    pub context: Context,
    pub inputs: Vec<Input>,
    pub progress: Progress,
}

impl Job {
    /// Inputs of which the tensors are taken that the options say, of a least rank.
    pub fn select(files: &InputOptions, run: &RunOptions, least_rank: usize) -> Result<Job> {
        let mut inputs = open(&files.inputs, files.dtype)?;
        select::take(&mut inputs, files, least_rank)?;
        Job::new(inputs, run)
    }

    /// Inputs whose tensors are marked already.
    pub fn new(inputs: Vec<Input>, run: &RunOptions) -> Result<Job> {
        let context = device::open(run)?;
        let bytes = inputs.iter().flat_map(|input| &input.tensors).map(Tensor::size);
        let progress = Progress::bytes(bytes.sum(), run.quiet);
        Ok(Job { context, inputs, progress })
    }

    /// What is made for each tensor that is taken; none for those that are left.
    pub fn for_taken<T>(
        &self,
        make: impl Fn(&Tensor) -> normproj::Result<T>,
    ) -> Result<Vec<Vec<Option<T>>>> {
        let of_tensor = |input: &Input, tensor: &Tensor| {
            let made = tensor.taken.then(|| make(tensor)).transpose();
            let advice = || format!("leave it out with --exclude '{}'", tensor.name);
            made.map_err(|error| {
                refused(error, &advice()).within(&label(&self.inputs, input, tensor))
            })
        };
        let of_input = |input: &Input| {
            input.tensors.iter().map(|tensor| of_tensor(input, tensor)).collect::<Result<_>>()
        };
        self.inputs.iter().map(of_input).collect()
    }

    /// What a header says of a tensor.
    pub fn tensor(&self, (input, tensor): At) -> &Tensor {
        &self.inputs[input].tensors[tensor]
    }

    /// What a tensor is called in reports: its name, with its file where there are several.
    pub fn label(&self, at: At) -> String {
        label(&self.inputs, &self.inputs[at.0], self.tensor(at))
    }

    /// The tensors that are taken, in order.
    pub fn taken(&self) -> Vec<At> {
        let of_input = |(input, file): (usize, &Input)| {
            let taken = file.tensors.iter().enumerate().filter(|(_, tensor)| tensor.taken);
            taken.map(|(tensor, _)| (input, tensor)).collect::<Vec<_>>()
        };
        self.inputs.iter().enumerate().flat_map(of_input).collect()
    }

    /// The tensors that are not taken.
    pub fn left(&self) -> Vec<String> {
        let of_input = |input: usize| {
            let left = self.inputs[input].tensors.iter().enumerate().filter(|(_, t)| !t.taken);
            left.map(move |(tensor, _)| self.label((input, tensor)))
        };
        (0..self.inputs.len()).flat_map(of_input).collect()
    }

    /// The dtype of a tensor, in which the device works on it.
    pub fn dtype(&self, tensor: &Tensor) -> normproj::Result<DType> {
        tensor.element().ok_or_else(|| Error::Unsupported {
            device: self.context.profile().name.clone(),
            what: format!("working on tensors of {}", tensor.dtype_name()),
        })
    }

    /// The elements of a tensor, in the order of the file.
    pub fn read(&mut self, (input, tensor): At) -> Result<Vec<Word>> {
        self.inputs[input].read(tensor, &self.progress)
    }

    /// Copies the elements of a tensor to the device: its memory, as one run.
    pub fn upload(&self, at: At, words: &[Word]) -> Result<DeviceBuffer> {
        let (tensor, memory) = (self.tensor(at), self.context.upload_as(words, [words.len()])?);
        let run = Layout::contiguous([tensor.count()])?;
        Ok(memory.view_as(run, self.dtype(tensor)?)?)
    }

    /// The view of a tensor's memory that has the tensor's shape.
    pub fn view(&self, at: At, memory: &DeviceBuffer) -> Result<DeviceBuffer> {
        Ok(memory.view(self.tensor(at).layout()?)?)
    }

    /// Writes a tensor's memory to a result, in pieces: a second copy of a large tensor is not
    /// needed.
    pub fn write(&self, (input, tensor): At, memory: &DeviceBuffer, to: &mut Staged) -> Result<()> {
        let words = memory.layout().len() * memory.dtype().size() / size_of::<Word>();
        for start in (0..words).step_by(PIECE) {
            let piece = Layout::strided([PIECE.min(words - start)], [1], start)?;
            let piece = memory.view_as(piece, Word::DTYPE)?.read_as()?;
            self.inputs[input].write(tensor, piece, to)?;
        }
        Ok(())
    }

    /// Copies the bytes of a tensor that is left as it is.
    pub fn copy(&mut self, (input, tensor): At, to: &mut Staged) -> Result<()> {
        let bytes = self.inputs[input].tensors[tensor].bytes.clone();
        self.inputs[input].copy(bytes, to, &self.progress)
    }
}

/// Opens files.
pub fn open(paths: &[PathBuf], dtype: Option<Dtype>) -> Result<Vec<Input>> {
    paths.iter().map(|path| Input::open(path, dtype)).collect()
}

/// A tensor that the library refuses, and what to do about it if it is refused as a whole.
pub fn refused(error: Error, advice: &str) -> Failure {
    match error {
        Error::Named { error, .. } => refused(*error, advice),
        Error::Unsupported { .. } | Error::Dtype { .. } => {
            Failure::new(format!("{error}; {advice}"))
        }
        error => error.into(),
    }
}

fn label(inputs: &[Input], input: &Input, tensor: &Tensor) -> String {
    match inputs.len() {
        1 => tensor.name.clone(),
        _ => format!("{}:{}", input.path.display(), tensor.name),
    }
}

//! `normproj l2-loss`.

use clap::Args;
use normproj::{Clip, Group, Model, Norm};
use serde::Serialize;

use crate::failure::Result;
use crate::job::{ANY_RANK, At, Job};
use crate::options::{InputOptions, RunOptions};
use crate::summary::print;
use crate::table::{number, table};
use crate::work::Task;

/// Half the sum of squares of each tensor, and of all: tf.nn.l2_loss
///
/// Of a .safetensors all floating point tensors are taken, unless --include names others; a .npy
/// is always taken.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: normproj l2-loss model.safetensors --exclude '*bias*' --ignore-case"
)]
pub struct Arguments {
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    run: RunOptions,
}

/// One tensor. In JSON null stands for NaN and infinity.
#[derive(Debug, Serialize)]
struct Loss {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    length: usize,
    l2_loss: f64,
}

#[derive(Debug, Serialize)]
struct Losses {
    device: String,
    l2_loss: f64,
    tensors: Vec<Loss>,
    left: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { input, run } = arguments;
    let mut job = Job::select(input, run, ANY_RANK)?;
    let norms = Clip::norms(Norm::L2);
    // What is refused is refused before anything is read.
    job.for_taken(|tensor| Task::new(&job, tensor, &norms.into(), 0))?;
    let mut tensors = Vec::new();
    for at in job.taken() {
        let loss = loss(&mut job, at, norms).map_err(|failure| failure.within(&job.label(at)));
        tensors.push(loss?);
    }
    let l2_loss = tensors.iter().map(|tensor| tensor.l2_loss).sum();
    let device = job.context.describe().to_string();
    let losses = Losses { device, l2_loss, tensors, left: job.left() };
    print(&losses, run, || losses.text())
}

fn loss(job: &mut Job, at: At, norms: Clip) -> Result<Loss> {
    let words = job.read(at)?;
    let memory = job.upload(at, &words)?;
    let tensor = job.tensor(at);
    let model = Model::new(&job.context, [(tensor.name.clone(), &memory)])?;
    let norms = Group::new(norms, &model)?.run()?.wait()?;
    Ok(Loss {
        name: job.label(at),
        shape: tensor.shape.clone(),
        dtype: tensor.dtype_name(),
        length: tensor.count(),
        l2_loss: norms.total().half_square(),
    })
}

impl Losses {
    fn text(&self) -> String {
        let row = |tensor: &Loss| {
            let (shape, length) = (format!("{:?}", tensor.shape), tensor.length.to_string());
            vec![tensor.name.clone(), shape, length, number(tensor.l2_loss)]
        };
        let mut rows: Vec<Vec<String>> = self.tensors.iter().map(row).collect();
        let length: usize = self.tensors.iter().map(|tensor| tensor.length).sum();
        rows.push(vec!["all".into(), String::new(), length.to_string(), number(self.l2_loss)]);
        let mut text = table(&["tensor", "shape", "elements", "l2 loss"], &rows);
        if !self.left.is_empty() {
            text += &format!("left: {}\n", self.left.join(", "));
        }
        text
    }
}

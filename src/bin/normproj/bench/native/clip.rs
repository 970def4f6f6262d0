//! The clip of a model by its global norm on the native CPU backend: verified, then timed.

use std::time::Instant;

use normproj::{Clip, Context, DType, Group};

use super::streams::Same;
use crate::bench::cases::ClipCase;
use crate::bench::clock::milliseconds;
use crate::bench::measurement::{Measurement, Times};
use crate::bench::model::Gradients;
use crate::bench::rounds;
use crate::bench::streams::Ceilings;
use crate::failure::Result;

/// Times the clip where nothing is clipped, and where all is.
pub fn measure(
    context: &Context,
    ceilings: &Ceilings,
    case: &ClipCase,
    elements: usize,
) -> Result<Vec<Measurement>> {
    let gradients = Gradients::new(context, case, elements)?;
    let measured = |(violating, radius)| {
        let clip = Group::new(Clip::global_norm(radius), &gradients.model)?;
        let run = || {
            restore(&gradients)?;
            let start = Instant::now();
            clip.enqueue()?;
            Ok(milliseconds(start.elapsed()))
        };
        let start = Instant::now();
        run()?;
        let once = milliseconds(start.elapsed());
        gradients.verify(&clip, radius, true)?;
        let cost = clip.plan().cost();
        let bytes = cost.bytes(violating);
        let mut same = Same::new(bytes, violating > 0.0)?;
        let times = Times::beside(&mut same, rounds::of(once), run)?;
        Ok(Measurement {
            id: case.id.clone(),
            backend: context.describe().to_string(),
            kernel: "native".to_string(),
            shape: vec![gradients.host.len()],
            axes: "all".to_string(),
            dtype: DType::F32.to_string(),
            violating,
            verified: true,
            ..Measurement::of(bytes, violating > 0.0, times, ceilings)
        })
    };
    gradients.radii().into_iter().map(measured).collect()
}

fn restore(gradients: &Gradients) -> Result<()> {
    let mut first = 0;
    for tensor in &gradients.tensors {
        let size = tensor.layout().len();
        tensor.write(&gradients.host[first..first + size])?;
        first += size;
    }
    Ok(())
}

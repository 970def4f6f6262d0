//! `clip-rms`.

use normproj::Projection;

use super::settings::{COMPAT, ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "clip-rms",
    aliases: &[],
    about: "Scales every tensor whose root mean square is larger than C down to C: the set \
            {x : ‖x‖/√m ≤ C}, m being its length",
    details: "As optax.clip_by_block_rms. All axes are one slice unless others are named.",
    example: "clip-rms 0.01 gradients.safetensors -o clipped.safetensors",
    takes: Takes::Gradients,
    slices: Slices::Tensors,
    settings: &[&COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("C", "The largest root mean square"), |bound, settings| {
        Projection::clip_rms(bound, settings.axes).into()
    }),
};

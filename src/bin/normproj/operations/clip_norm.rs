//! `clip-norm`.

use normproj::Projection;

use super::settings::{COMPAT, NORM, ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "clip-norm",
    aliases: &[],
    about: "Scales every tensor whose norm is larger than C down to C, each by its own norm: the set \
            {x : ‖x‖ ≤ C}",
    details: "All axes are one slice unless others are named.",
    example: "clip-norm 1 gradients.safetensors -o clipped.safetensors",
    takes: Takes::Gradients,
    slices: Slices::Tensors,
    settings: &[&NORM, &COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("C", "The largest norm that a tensor may have"), |radius, settings| {
        Projection::clip_norm(radius, settings.axes).into()
    }),
};

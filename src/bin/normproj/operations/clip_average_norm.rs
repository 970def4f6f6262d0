//! `clip-average-norm`.

use normproj::Projection;

use super::settings::{COMPAT, ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "clip-average-norm",
    aliases: &[],
    about: "Scales every tensor whose L2 norm is larger than C·m, m being its length, down to that: \
            the set {x : ‖x‖/m ≤ C}",
    details: "As tf.clip_by_average_norm. All axes are one slice unless others are named.",
    example: "clip-average-norm 1e-4 gradients.safetensors -o clipped.safetensors",
    takes: Takes::Gradients,
    slices: Slices::Tensors,
    settings: &[&COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("C", "The largest norm for each element"), |average, settings| {
        Projection::clip_average_norm(average, settings.axes).into()
    }),
};

//! `clip-value`.

use normproj::Projection;

use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "clip-value",
    aliases: &[],
    about: "Moves every element to the nearer bound: the set {x : LO ≤ xᵢ ≤ HI}",
    details: "NaN keeps its bits, and an infinity becomes a bound.",
    example: "clip-value -0.5 0.5 gradients.safetensors -o clipped.safetensors",
    takes: Takes::Gradients,
    slices: Slices::None,
    settings: &[],
    make: Make::Two(
        [
            Number("LO", "The lower bound; -inf is none"),
            Number("HI", "The upper bound; inf is none"),
        ],
        |low, high, _| Projection::bounds(low, high).into(),
    ),
};

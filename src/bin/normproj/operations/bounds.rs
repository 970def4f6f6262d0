//! `bounds`.

use normproj::Projection;

use super::settings::ON_NON_FINITE;
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "bounds",
    aliases: &["box"],
    about: "Moves every element to the nearer bound: the set {x : LO ≤ xᵢ ≤ HI}",
    details: "Every element is a slice of its own. An infinity is clamped as any number; what becomes \
              of NaN --on-non-finite says.",
    example: "bounds -1 1 model.safetensors --include '*kernel' -o bounded.safetensors",
    takes: Takes::Weights,
    slices: Slices::None,
    settings: &[&ON_NON_FINITE],
    make: Make::Two(
        [
            Number("LO", "The lower bound; -inf is none"),
            Number("HI", "The upper bound; inf is none"),
        ],
        |low, high, _| Projection::bounds(low, high).into(),
    ),
};

//! `min-max-norm`.

use normproj::Projection;

use super::settings::{COMPAT, ON_NON_FINITE, RATE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "min-max-norm",
    aliases: &[],
    about: "Scales every slice to an L2 norm between LO and HI: the set {x : LO ≤ ‖x‖ ≤ HI}",
    details: "With a rate below 1 it goes that part of the way. Slices of zeros stay zero: nothing says \
              where they should point.",
    example: "min-max-norm 0.5 2 model.safetensors --per-unit torch --rate 0.9 -o bounded.safetensors",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&RATE, &COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::Two(
        [
            Number("LO", "The least norm that a slice may have"),
            Number("HI", "The largest norm that a slice may have; inf is none"),
        ],
        |low, high, settings| Projection::min_max_norm(low, high, settings.axes).into(),
    ),
};

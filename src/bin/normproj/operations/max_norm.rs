//! `max-norm`.

use normproj::Projection;

use super::settings::{COMPAT, NORM, ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "max-norm",
    aliases: &[],
    about: "Scales every slice whose norm is larger than C down to C: the set {x : ‖x‖ ≤ C}",
    details: "A slice is the set of elements that share their index on the axes that are kept. In L2 \
              that is the nearest point of the ball; in other norms it is not, that is `ball`.",
    example: "max-norm 3 model.safetensors --per-unit keras --include '*kernel' -o bounded.safetensors",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&NORM, &COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("C", "The largest norm that a slice may have"), |radius, settings| {
        Projection::max_norm(radius, settings.axes).into()
    }),
};

//! `ball`.

use normproj::Projection;

use super::settings::{NORM, ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "ball",
    aliases: &[],
    about: "Moves every slice to the nearest point of a ball: the set {x : ‖x‖ ≤ R}",
    details: "The norm is l1, l2 or linf. In L2 it scales, in Linf it clamps; in L1 all magnitudes \
              shrink by the same, so that small elements become zero.",
    example: "ball 10 model.safetensors --norm l1 --per-unit keras -o sparse.safetensors",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&NORM, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("R", "The radius of the ball"), |radius, settings| {
        Projection::ball(settings.norm, radius, settings.axes).into()
    }),
};

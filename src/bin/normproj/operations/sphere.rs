//! `sphere`.

use normproj::Projection;

use super::settings::{NORM, ON_NON_FINITE, ROUNDING, ZERO};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "sphere",
    aliases: &[],
    about: "Moves every slice to the nearest point of a sphere: the set {x : ‖x‖ = R}",
    details: "The norm is l1 or l2. In L2 it scales; in L1 all magnitudes shrink or grow by the same, \
              where zeros count as positive.",
    example: "sphere 2 model.safetensors --per-unit burn --zero e1 -o fixed.safetensors",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&NORM, &ZERO, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("R", "The radius of the sphere"), |radius, settings| {
        Projection::sphere(settings.norm, radius, settings.axes).into()
    }),
};

//! `unit-norm`.

use normproj::Projection;

use super::settings::{COMPAT, NORM, ON_NON_FINITE, ROUNDING, ZERO};
use super::{Make, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "unit-norm",
    aliases: &[],
    about: "Scales every slice to norm 1: the set {x : ‖x‖ = 1}",
    details: "In L2 that is the nearest point of the sphere. Another radius, and the nearest point in \
              L1, are had from `sphere`.",
    example: "unit-norm embedding.npy --axis 1 -o unit.npy",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&NORM, &ZERO, &COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::Plain(|settings| Projection::unit_norm(settings.axes).into()),
};

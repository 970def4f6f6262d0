//! `simplex`.

use normproj::Projection;

use super::settings::{ON_NON_FINITE, ROUNDING};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "simplex",
    aliases: &[],
    about: "Moves every slice to the nearest point of a simplex: the set {x : x ≥ 0, Σ x = R}",
    details: "All elements sink or rise by the same, and those that would be negative become zero. A \
              slice of zeros becomes R/m everywhere, m being its length.",
    example: "simplex 1 mixture.npy --axis -1 -o weights.npy",
    takes: Takes::Weights,
    slices: Slices::Named,
    settings: &[&ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("R", "The sum of each slice"), |sum, settings| {
        Projection::simplex(sum, settings.axes).into()
    }),
};

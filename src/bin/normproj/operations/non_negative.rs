//! `non-negative`.

use normproj::Projection;

use super::settings::ON_NON_FINITE;
use super::{Make, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "non-negative",
    aliases: &[],
    about: "Makes every negative element zero: the set {x : xᵢ ≥ 0}",
    details: "Every element is a slice of its own, and -0 stays. What becomes of NaN --on-non-finite \
              says.",
    example: "non-negative model.safetensors --include '*factor*' -o bounded.safetensors",
    takes: Takes::Weights,
    slices: Slices::None,
    settings: &[&ON_NON_FINITE],
    make: Make::Plain(|_| Projection::non_negative().into()),
};

//! `clip-global-norm`.

use normproj::Clip;

use super::settings::{COMPAT, NORM, ON_NON_FINITE, ROUNDING, USE_NORM};
use super::{Make, Number, Slices, Spec, Takes};

pub const SPEC: Spec = Spec {
    name: "clip-global-norm",
    aliases: &[],
    about: "Scales all tensors by one factor, so that their norm as one vector is C at most: the set \
            {x : ‖x‖ ≤ C}",
    details: "One norm runs over the selected tensors of all inputs. They are read \
              twice, tensor by tensor; the norm and the scale are printed.",
    example: "clip-global-norm 1 gradients.safetensors -o clipped.safetensors",
    takes: Takes::Gradients,
    slices: Slices::None,
    settings: &[&NORM, &USE_NORM, &COMPAT, &ROUNDING, &ON_NON_FINITE],
    make: Make::One(Number("C", "The largest norm that all tensors may have"), |radius, _| {
        Clip::global_norm(radius).into()
    }),
};

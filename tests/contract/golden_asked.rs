//! What the calls of other systems are here.

use normproj::{Axes, Compat, Error, Norm, Projection};
use serde_json::Value as Json;

use crate::golden_case::{Golden, number, over};

/// What the call of a peer asks for, by our formula and by its own.
pub struct Asked {
    pub native: Projection,
    pub compat: Option<Projection>,
    /// What the peer adds to a norm, or takes it for at least.
    pub epsilon: f64,
}

pub const OPERATIONS: [&str; 19] = [
    "keras_max_norm",
    "keras_min_max_norm",
    "keras_non_neg",
    "keras_ops_normalize",
    "keras_unit_norm",
    "keras_unit_normalization_layer",
    "optax_clip_by_block_rms",
    "optax_projection_box",
    "optax_projection_hypercube",
    "optax_projection_l1_ball",
    "optax_projection_l1_sphere",
    "optax_projection_l2_ball",
    "optax_projection_l2_sphere",
    "optax_projection_linf_ball",
    "optax_projection_non_negative",
    "optax_projection_simplex",
    "sklearn_normalize",
    "tf_clip_by_average_norm",
    "tf_l2_normalize",
];

/// As [`OPERATIONS`], where the norm may have any p.
pub const POWERS: [&str; 2] = ["torch_normalize", "torch_renorm"];

/// What a case asks for.
pub fn asked(case: &Golden) -> Result<Asked, Error> {
    let get = |key: &str| case.args.get(key).map(number);
    let value = |key: &str| get(key).expect(key);
    let axes = || match case.args.get("vmap_axis") {
        Some(kept) => Axes::keep(kept.as_i64().expect("an axis") as i32),
        None if case.args.contains_key("axis") || case.args.contains_key("dim") => case.axes(),
        None => Axes::all(),
    };
    let norm = || match case.args.get("norm").and_then(Json::as_str) {
        Some("l1") => Ok(Norm::L1),
        Some("max") => Ok(Norm::Linf),
        Some(_) => Ok(Norm::L2),
        None => Norm::lp(get("p").or(get("order")).unwrap_or(2.0)),
    };
    let none = |native| Ok(Asked { native, compat: None, epsilon: 0.0 });
    let as_in = |native: Projection, compat, epsilon: Option<f64>| {
        let theirs = native.compat(compat);
        let theirs = epsilon.map_or(theirs, |epsilon| theirs.with_epsilon(epsilon));
        let epsilon = theirs.formula().map_or(0.0, |formula| formula.epsilon);
        Ok(Asked { native, compat: Some(theirs), epsilon })
    };
    match case.op.as_str() {
        "keras_max_norm" => {
            as_in(Projection::max_norm(value("max_value"), axes()), Compat::Keras, get("eps"))
        }
        "keras_min_max_norm" => {
            let native = Projection::min_max_norm(value("min_value"), value("max_value"), axes());
            as_in(native.rate(value("rate")), Compat::Keras, get("eps"))
        }
        "keras_non_neg" | "optax_projection_non_negative" => none(Projection::non_negative()),
        "keras_ops_normalize" => {
            as_in(Projection::unit_norm(axes()).norm_in(norm()?), Compat::Torch, get("eps"))
        }
        "keras_unit_norm" => as_in(Projection::unit_norm(axes()), Compat::Keras, get("eps")),
        "keras_unit_normalization_layer" => {
            as_in(Projection::unit_norm(axes()), Compat::Torch, Some(1e-12))
        }
        "optax_clip_by_block_rms" => {
            as_in(Projection::clip_rms(value("threshold"), axes()), Compat::Optax, None)
        }
        "optax_projection_box" => none(Projection::bounds(value("lower"), value("upper"))),
        "optax_projection_hypercube" => none(Projection::bounds(0.0, value("scale"))),
        "optax_projection_l1_ball" => none(Projection::ball(Norm::L1, value("scale"), axes())),
        "optax_projection_l1_sphere" => none(Projection::sphere(Norm::L1, value("scale"), axes())),
        "optax_projection_l2_ball" => {
            as_in(Projection::max_norm(value("scale"), axes()), Compat::Optax, None)
        }
        "optax_projection_l2_sphere" => {
            let native = Projection::unit_norm(axes()).with_radius(value("scale"));
            as_in(native, Compat::Optax, None)
        }
        "optax_projection_linf_ball" => none(Projection::ball(Norm::Linf, value("scale"), axes())),
        "optax_projection_simplex" => none(Projection::simplex(value("scale"), axes())),
        "sklearn_normalize" => none(Projection::unit_norm(axes()).norm_in(norm()?)),
        "tf_clip_by_average_norm" => {
            let native = Projection::clip_average_norm(value("clip_norm"), axes());
            as_in(native, Compat::TensorFlow, None)
        }
        "tf_l2_normalize" => {
            let native = Projection::unit_norm(axes());
            as_in(native, Compat::TensorFlow, Some(value("eps").sqrt()))
        }
        "torch_renorm" => {
            let native = Projection::max_norm(value("max_norm"), case.axes()).norm_in(norm()?);
            as_in(native, Compat::Torch, None)
        }
        "torch_normalize" => {
            // Unlike that of renorm, this `dim` is what the norm runs over.
            let native = Projection::unit_norm(over(&case.args["dim"])).norm_in(norm()?);
            as_in(native, Compat::Torch, get("eps"))
        }
        op => panic!("{op} is not asked for here"),
    }
}

//! Values of options, from text.

use normproj::{Axes, AxisList, Compat, Norm, OnNonFinite, Rounding, WeightLayout, ZeroSlice};

type Parsed<T> = Result<T, String>;

/// `0`, `-1`, `0,1,2`, `all` or `each`: the axes that the norm runs over.
pub fn axis(text: &str) -> Parsed<Axes> {
    match text {
        "all" => Ok(Axes::all()),
        "each" => Ok(Axes::each()),
        _ => list(text, ", or all, or each").map(Axes::from),
    }
}

/// `0` or `0,1`: the axes that are kept.
pub fn keep(text: &str) -> Parsed<Axes> {
    list(text, "").map(Axes::keep)
}

fn list(text: &str, or: &str) -> Parsed<AxisList> {
    let axes: Result<Vec<i32>, _> = text.split(',').map(|axis| axis.trim().parse()).collect();
    let axes = axes.map_err(|_| format!("expected axes such as 0, -1 or 0,1,2{or}"))?;
    Ok(AxisList::from(&axes[..]))
}

/// A radius or bound: any number, and `inf`. What makes no sense the library refuses.
pub fn number(text: &str) -> Parsed<f64> {
    // Where a negative number may stand, an option that does not exist looks like one.
    let what = if text.starts_with("--") { "there is no such option" } else { "expected a number" };
    text.parse().map_err(|_| what.to_string())
}

/// A framework's layout of weights.
pub fn per_unit(text: &str) -> Parsed<Axes> {
    let layout = match text {
        "keras" => WeightLayout::Keras,
        "torch" => WeightLayout::Torch,
        "burn" => WeightLayout::Burn,
        _ => return Err("expected keras, torch or burn".to_string()),
    };
    Ok(Axes::per_unit(layout))
}

/// A norm: by its name, or the p of an Lp norm.
pub fn norm(text: &str) -> Parsed<Norm> {
    match (text, text.parse()) {
        ("l1", _) => Ok(Norm::L1),
        ("l2", _) => Ok(Norm::L2),
        ("linf", _) => Ok(Norm::Linf),
        (_, Ok(p)) => Norm::lp(p).map_err(|error| error.to_string()),
        _ => Err("expected l1, l2, linf or a number p".to_string()),
    }
}

/// The system whose formula is followed.
pub fn compat(text: &str) -> Parsed<Compat> {
    match text {
        "keras" => Ok(Compat::Keras),
        "tensorflow" => Ok(Compat::TensorFlow),
        "torch" => Ok(Compat::Torch),
        "optax" => Ok(Compat::Optax),
        "burn" => Ok(Compat::Burn),
        _ => Err("expected keras, tensorflow, torch, optax or burn".to_string()),
    }
}

/// The rounding at the rim of the set.
pub fn rounding(text: &str) -> Parsed<Rounding> {
    match text {
        "feasible" => Ok(Rounding::Feasible),
        "nearest" => Ok(Rounding::Nearest),
        "toward-zero" => Ok(Rounding::TowardZero),
        _ => Err("expected feasible, nearest or toward-zero".to_string()),
    }
}

/// What becomes of slices of zeros.
pub fn zero(text: &str) -> Parsed<ZeroSlice> {
    match text {
        "keep" => Ok(ZeroSlice::Keep),
        "e1" => Ok(ZeroSlice::BasisVector),
        _ => Err("expected keep or e1".to_string()),
    }
}

/// What becomes of slices and groups with NaN or infinity.
pub fn on_non_finite(text: &str) -> Parsed<OnNonFinite> {
    let policy = OnNonFinite::ALL.into_iter().find(|policy| policy.to_string() == text);
    policy.ok_or_else(|| "expected leave, zero, propagate or poison".to_string())
}

/// How to read a .npy of uint16.
pub fn dtype(text: &str) -> Parsed<safetensors::Dtype> {
    match text {
        "bf16" => Ok(safetensors::Dtype::BF16),
        _ => Err("expected bf16 (other dtypes are read from the file)".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_lists_or_words() {
        assert_eq!(axis("-1"), Ok(Axes::from(-1)));
        assert_eq!(axis("0,1, 2"), Ok(Axes::from([0, 1, 2])));
        assert_eq!(axis("all"), Ok(Axes::all()));
        assert_eq!(axis("each"), Ok(Axes::each()));
        assert_eq!(keep("0"), Ok(Axes::keep(0)));
        for wrong in ["", "0,", "a", "0;1", "--keep", "99999999999"] {
            assert!(axis(wrong).is_err(), "{wrong}");
        }
        assert!(keep("all").is_err());
    }

    #[test]
    fn every_norm_and_policy_has_a_name() {
        for (text, expected) in [("l1", Norm::L1), ("l2", Norm::L2), ("linf", Norm::Linf)] {
            assert_eq!(norm(text), Ok(expected));
        }
        for (text, expected) in [("1", Norm::L1), ("2.0", Norm::L2), ("inf", Norm::Linf)] {
            assert_eq!(norm(text), Ok(expected));
        }
        assert_eq!(norm("3").map(|norm| norm.to_string()), Ok("L3".to_string()));
        assert!(norm("0").is_err() && norm("-1").is_err() && norm("nan").is_err());
        assert_eq!(on_non_finite("poison"), Ok(OnNonFinite::Poison));
        assert_eq!(compat("torch"), Ok(Compat::Torch));
        assert_eq!(zero("e1"), Ok(ZeroSlice::BasisVector));
        assert_eq!(rounding("toward-zero"), Ok(Rounding::TowardZero));
        assert!(on_non_finite("skip").is_err() && compat("jax").is_err());
    }
}

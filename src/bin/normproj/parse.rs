//! Values of options, from text.

use normproj::{Axes, AxisList, Norm, Rounding, WeightLayout};

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

/// A norm.
pub fn norm(text: &str) -> Parsed<Norm> {
    match text {
        "l2" => Ok(Norm::L2),
        "l1" | "linf" => unsupported("l2"),
        _ if text.parse::<f64>().is_ok() => unsupported("l2"),
        _ => Err("expected l2".to_string()),
    }
}

/// The rounding at the rim of the set.
pub fn rounding(text: &str) -> Parsed<Rounding> {
    match text {
        "feasible" => Ok(Rounding::Feasible),
        "nearest" => Ok(Rounding::Nearest),
        "toward-zero" => unsupported("feasible, nearest"),
        _ => Err("expected feasible or nearest".to_string()),
    }
}

/// What becomes of slices with NaN or infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNonFinite {
    Leave,
}

/// What becomes of slices with NaN or infinity.
pub fn on_non_finite(text: &str) -> Parsed<OnNonFinite> {
    match text {
        "leave" => Ok(OnNonFinite::Leave),
        "zero" | "propagate" | "poison" => unsupported("leave"),
        _ => Err("expected leave".to_string()),
    }
}

/// How to read a .npy of uint16.
pub fn dtype(text: &str) -> Parsed<safetensors::Dtype> {
    match text {
        "bf16" => Ok(safetensors::Dtype::BF16),
        _ => Err("expected bf16 (other dtypes are read from the file)".to_string()),
    }
}

fn unsupported<T>(supported: &str) -> Parsed<T> {
    Err(format!("not supported yet; supported: {supported}"))
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
    fn what_is_not_supported_says_what_is() {
        assert_eq!(norm("l1"), Err("not supported yet; supported: l2".to_string()));
        assert_eq!(norm("3"), Err("not supported yet; supported: l2".to_string()));
        assert!(on_non_finite("zero").unwrap_err().ends_with("supported: leave"));
    }
}

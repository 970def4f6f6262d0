// The bounds of elements: tensors in memory, within the numbers of the parameters. Keys are compared,
// because comparisons of f32 may flush or assume that there is no infinity.

const RADII = false;

struct Limit {
    bits: Magnitude,
    // Its place in the order of keys; both zeros are inside a bound of zero.
    at: Exponent,
}

fn key_of(bits: Magnitude) -> Exponent {
    let sign = bitcast<Exponent>(bits) >> SlicePlace(SIGN_PLACE);
    return bitcast<Exponent>(bits) ^ (sign & Exponent(LARGEST_WHOLE));
}

fn lower_bits(slice: u32) -> Magnitude {
    var bits = Magnitude(0u);
    for (var s = 0u; s < SLICES; s++) {
        var at = params.radii_offset;
        // Whatever the index, it stays within the limits.
        var rest = params.first_radius + slice + s;
        for (var d = params.radii_rank; d > 0u; d--) {
            let axis = params.radii[d - 1u];
            at += rest % axis.size * axis.source_stride;
            rest /= axis.size;
        }
        bits = with_slice(bits, s, lower_word(at));
    }
    return bits;
}

fn upper_bits(slice: u32) -> Magnitude {
    var bits = Magnitude(0u);
    for (var s = 0u; s < SLICES; s++) {
        var at = params.upper_offset;
        var rest = params.first_upper + slice + s;
        for (var d = params.upper_rank; d > 0u; d--) {
            let axis = params.uppers[d - 1u];
            at += rest % axis.size * axis.source_stride;
            rest /= axis.size;
        }
        bits = with_slice(bits, s, upper_word(at));
    }
    return bits;
}

fn is_zero(bits: Magnitude) -> Truth { return (bits & Magnitude(MAGNITUDE)) == Magnitude(0u); }

fn lower_limit(slice: u32) -> Limit {
    let bits = lower_bits(slice);
    let at = select(key_of(bits), Exponent(-1), is_zero(bits));
    let given = at < Exponent(params.low_key);
    return Limit(
        select(bits, Magnitude(params.low), given), max(at, Exponent(params.low_key)));
}

fn upper_limit(slice: u32) -> Limit {
    let bits = upper_bits(slice);
    let at = select(key_of(bits), Exponent(0), is_zero(bits));
    let given = at > Exponent(params.high_key);
    return Limit(
        select(bits, Magnitude(params.high), given), min(at, Exponent(params.high_key)));
}

// Whether a number lies between the limits, neither of which is NaN. `most` is the largest element.
fn is_radius(slice: u32) -> Truth {
    let low = lower_bits(slice) & Magnitude(MAGNITUDE);
    let high = upper_bits(slice) & Magnitude(MAGNITUDE);
    let numbers = (low <= Magnitude(INFINITY)) & (high <= Magnitude(INFINITY));
    let most = bitcast<Whole>(params.most);
    let least_at = lower_limit(slice).at;
    let most_at = upper_limit(slice).at;
    let reached =
        (least_at <= Exponent(most)) & (most_at >= Exponent(-most - 1));
    return numbers & reached & (least_at <= most_at);
}

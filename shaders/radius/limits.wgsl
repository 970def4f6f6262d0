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

// As radius_bits: a uniform array cannot be handed over.
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

fn lower_key(bits: Magnitude) -> Exponent {
    return max(
        select(key_of(bits), Exponent(-1), is_zero(bits)), Exponent(params.low_key));
}

fn upper_key(bits: Magnitude) -> Exponent {
    return min(
        select(key_of(bits), Exponent(0), is_zero(bits)), Exponent(params.high_key));
}

fn lower_limit(slice: u32) -> Limit {
    let bits = rounded(radius_bits(slice));
    let at = lower_key(bits);
    return Limit(select(bits, Magnitude(params.low), at == Exponent(params.low_key)), at);
}

fn upper_limit(slice: u32) -> Limit {
    let bits = rounded(upper_bits(slice));
    let at = upper_key(bits);
    return Limit(select(bits, Magnitude(params.high), at == Exponent(params.high_key)), at);
}

// Whether a number lies between the limits, neither of which is NaN.
fn is_radius(slice: u32) -> Truth {
    let low = radius_bits(slice);
    let high = upper_bits(slice);
    let numbers = ((low & Magnitude(MAGNITUDE)) <= Magnitude(INFINITY))
        & ((high & Magnitude(MAGNITUDE)) <= Magnitude(INFINITY));
    let most = bitcast<Whole>(params.largest);
    let least_at = lower_key(low);
    let most_at = upper_key(high);
    let reached =
        (least_at <= Exponent(most)) & (most_at >= Exponent(-most - 1));
    return numbers & reached & (least_at <= most_at);
}

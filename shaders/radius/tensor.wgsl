// Radii in memory, one for each slice or one for all.

const RADII = true;

// Exponents that no norm has.
const NOTHING = -1048576;
const EVERYTHING = 1048576;

// The bits of the radii of the slices of a load.
fn radius_bits(slice: u32) -> Magnitude {
    var bits = Magnitude(0u);
    for (var s = 0u; s < SLICES; s++) {
        var at = params.radii_offset;
        // Whatever the index, it stays within the radii.
        var rest = params.first_radius + slice + s;
        for (var d = params.radii_rank; d > 0u; d--) {
            let axis = params.radii[d - 1u];
            at += rest % axis.size * axis.source_stride;
            rest /= axis.size;
        }
        bits = with_slice(bits, s, radius_word(at));
    }
    return bits;
}

// |r| as a number; of NaN and infinity it means nothing.
fn magnitude_of_radius(bits: Magnitude) -> Power {
    let magnitude = bits & Magnitude(MAGNITUDE);
    let field = Exponent(magnitude >> SlicePlace(FIELD_PLACE));
    let fraction = bitcast<Sum>((magnitude & Magnitude(FRACTION)) | Magnitude(ONE));
    // An integer is exact where a device takes subnormal numbers for zero.
    let whole = Sum(max(magnitude & Magnitude(FRACTION), Magnitude(1u)));
    let low = normal(whole, Exponent(LEAST_EXPONENT));
    let subnormal = field == Exponent(0);
    let zero = magnitude == Magnitude(0u);
    return Power(
        select(select(fraction, low.mantissa, subnormal), Sum(0.0), zero),
        select(select(field - Exponent(BIAS), low.exponent, subnormal), Exponent(NOTHING), zero),
    );
}

fn is_infinite(bits: Magnitude) -> Truth {
    return (bits & Magnitude(MAGNITUDE)) == Magnitude(INFINITY);
}

// scale · x, the scale in [1, 2) or zero; what no element could be is zero.
fn times_scale(x: Power, scale: Number, exponent: i32) -> Power {
    let product = normal(max(x.mantissa, Sum(1.0)) * scale, x.exponent + Exponent(exponent));
    let zero = (x.mantissa == Sum(0.0)) | (product.exponent < Exponent(LEAST_EXPONENT))
        | Truth(scale == 0.0);
    return Power(
        select(product.mantissa, Sum(0.0), zero), select(product.exponent, Exponent(NOTHING), zero));
}

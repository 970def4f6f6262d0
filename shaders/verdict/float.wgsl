// A number beyond the range of f32, as f32: infinite above it, zero where it would be subnormal.

// mantissa · 2^exponent for a normal mantissa.
fn float_bits(mantissa: Number, exponent: Whole) -> Word {
    let bits = bitcast<Whole>(mantissa);
    let field = (bits >> FIELD_PLACE) + exponent;
    if mantissa == 0.0 || field <= 0 {
        return Word(0u);
    }
    return select(Word(bits + (exponent << FIELD_PLACE)), INFINITY, field >= FIELDS);
}

// The norm of a slice, as bits: no compiler may drop a NaN.
fn norm_bits(mantissa: Number, exponent: Whole, power: Number, largest: Word) -> Word {
    if largest >= INFINITY {
        return select(INFINITY, NAN, largest > INFINITY);
    }
    return float_bits(select(mantissa, Number(0.0), power == Number(0.0)), exponent);
}

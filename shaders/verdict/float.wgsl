// A number beyond the range of f32, as f32: infinite above it, zero where it would be subnormal.

// mantissa · 2^exponent for a normal mantissa.
fn float_bits(mantissa: f32, exponent: i32) -> u32 {
    let bits = bitcast<i32>(mantissa);
    let field = (bits >> 23u) + exponent;
    if mantissa == 0.0 || field <= 0 {
        return 0u;
    }
    return select(u32(bits + (exponent << 23u)), INFINITY, field >= 255);
}

// The norm of a slice, as bits: no compiler may drop a NaN.
fn norm_bits(mantissa: f32, exponent: i32, power: f32, largest: u32) -> u32 {
    if largest >= INFINITY {
        return select(INFINITY, NAN, largest > INFINITY);
    }
    return float_bits(select(mantissa, 0.0, power == 0.0), exponent);
}

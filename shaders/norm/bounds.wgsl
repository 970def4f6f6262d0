// A box: each element by itself, exactly. Bits are compared as integers in the order of numbers,
// because comparisons of f32 may flush or assume that there is no infinity.

// The order of keys is that of numbers; minus zero is just below zero.
fn key(bits: Bits) -> Integer {
    let sign = bitcast<Integer>(bits) >> Bits(31u);
    return bitcast<Integer>(bits) ^ (sign & Integer(0x7fffffff));
}

fn bounded(bits: Bits) -> Bits {
    let at = key(bits);
    let nan = (bits & Bits(MAGNITUDE)) > Bits(0x7f800000u);
    let above = select(bits, Bits(params.high), at > Integer(params.high_key));
    let inside = select(above, Bits(params.low), at < Integer(params.low_key));
    return select(inside, bits, nan);
}

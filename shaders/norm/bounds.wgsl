// A box: each element by itself, exactly. Bits are compared as integers in the order of numbers,
// because comparisons of f32 may flush or assume that there is no infinity.

fn bounded(bits: Bits) -> Bits {
    let at = key(bits);
    let nan = (bits & Bits(MAGNITUDE)) > Bits(INFINITY);
    let above = select(bits, Bits(params.high), at > Integer(params.high_key));
    let inside = select(above, Bits(params.low), at < Integer(params.low_key));
    return select(inside, bits, nan);
}

// Elements of 32 and 16 bits in kernels of f64, by integer arithmetic: widening loses nothing, and
// narrowing rounds once. A format has `place` bits of fraction, and exponent fields up to `fields`.

// The bits of an element, as those of an f64.
fn widened_from(element: u32, place: u32, fields: u32) -> u64 {
    let sign = (fields + 1u) << place;
    let magnitude = element & (sign - 1u);
    let field = magnitude >> place;
    let above = u64(1023u - fields / 2u);
    let moved = u64(magnitude) << (52u - place);
    // A subnormal is its fraction times the least number: exact.
    let least = bitcast<f64>((above + u64(1u) - u64(place)) << 52u);
    let low = bitcast<u64>(f64(magnitude) * least);
    let finite = select(moved + (above << 52u), low, field == 0u);
    let bits = select(finite, moved | INFINITY, field == fields);
    return bits | select(u64(0u), SIGN, (element & sign) != 0u);
}

// The bits of an f64 as those of an element: to nearest even where `nearest` has all bits, toward zero where
// it has none.
fn narrowed_to(bits: u64, place: u32, fields: u32, nearest: u32) -> u32 {
    let magnitude = bits & MAGNITUDE;
    let above = u64(1023u - fields / 2u);
    // Below the least normal number each power of two costs a bit, until none is left.
    let least = above + u64(1u);
    let lost = u32(min(least - min(magnitude >> 52u, least), u64(place + 2u)));
    let shift = lost + 52u - place;
    let significand = (magnitude & FRACTION) | SMALLEST_NORMAL;
    let exact = select(magnitude - (above << 52u), significand, lost > 0u);
    let half_way = (u64(1u) << (shift - 1u)) - u64(1u) + ((exact >> shift) & u64(1u));
    let rounded = (exact + select(u64(0u), half_way, nearest != 0u)) >> shift;
    // What is too large is infinite to nearest, and the largest number toward zero.
    let infinite = fields << place;
    let finite = u32(min(rounded, u64(infinite - 1u + (nearest & 1u))));
    // NaN that arithmetic makes are quiet: the bit that says so stays.
    let fraction = u32(magnitude >> (52u - place)) & ((1u << place) - 1u);
    let sign = select(0u, (fields + 1u) << place, (bits & SIGN) != u64(0u));
    return sign | select(finite, infinite | fraction, magnitude > LARGEST_FINITE);
}

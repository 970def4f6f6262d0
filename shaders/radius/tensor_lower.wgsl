// Radii in memory: the rim of slices that are too short, and what else a norm that is reached needs.

fn lower_rim(slice: u32) -> Rim {
    let c = radius_of(radius_bits(slice));
    return Rim(raised(on_line(c, 2u)), on_line(c, 3u));
}

// A negative radius turns its slice over.
fn is_turned(slice: u32) -> Truth {
    let bits = radius_bits(slice);
    let nothing = radius_of(bits).mantissa == Sum(0.0);
    return (bits > Magnitude(0x80000000u)) & Truth(params.turns != 0u) & !nothing;
}

// The radius with its sign, as f32; zero if a slice of zeros stays.
fn basis_at(slice: u32) -> Magnitude {
    let bits = radius_bits(slice);
    let c = radius_of(bits);
    let low = on_line(c, 2u);
    let field = c.exponent + Exponent(127);
    let number = bitcast<Magnitude>(bitcast<Exponent>(c.mantissa) + (c.exponent << Magnitude(23u)));
    let asked = Truth(params.basis != 0u) & (low.mantissa > Sum(0.0)) & (field > Exponent(0));
    return select(Magnitude(0u), number | (bits & Magnitude(0x80000000u)), asked);
}

// The norm stands in a buffer of the device.

@group(0) @binding(8) var<storage, read> given: array<Word>;

fn rim_of(index: u32) -> u32 { return params.rim; }

fn total_of(index: u32, lane: u32) -> Accumulator {
    if lane != 0u {
        return identity();
    }
    let bits = given[params.given_at];
    // Minus zero is zero; what is negative or NaN cannot be refused here.
    if (bits & MAGNITUDE) == Word(0u) {
        return identity();
    }
    if bits > INFINITY {
        return Accumulator(Number(0.0), NO_NORM, Word(0u));
    }
    let field = Whole(bits >> FIELD_PLACE);
    if field == Whole(0) || bits == INFINITY {
        return of_norm(bitcast<Number>(bits), Whole(0));
    }
    let exponent = field - Whole(BIAS);
    return of_norm(bitcast<Number>(Whole(bits) - (exponent << FIELD_PLACE)), exponent);
}

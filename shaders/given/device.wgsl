// The norm stands in a buffer of the device.

@group(0) @binding(8) var<storage, read> given: array<u32>;

fn rim_of(index: u32) -> u32 { return params.rim; }

fn total_of(index: u32, lane: u32) -> Accumulator {
    if lane != 0u {
        return identity();
    }
    let bits = given[params.given_at];
    // Minus zero is zero; what is negative or NaN cannot be refused here.
    if (bits & MAGNITUDE) == 0u {
        return identity();
    }
    if bits > INFINITY {
        return Accumulator(0.0, NO_NORM, 0u);
    }
    let field = bits >> 23u;
    if field == 0u || bits == INFINITY {
        return of_norm(bitcast<f32>(bits), 0);
    }
    let exponent = i32(field) - 127;
    return of_norm(bitcast<f32>(i32(bits) - (exponent << 23u)), exponent);
}

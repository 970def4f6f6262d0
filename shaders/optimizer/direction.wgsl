// What all directions have in common.

fn decayed(g: Real, w: Real) -> Real {
    let own = coefficients.scale * g;
    // Without a decay not even a product with zero: it would make a NaN of an infinity.
    if coefficients.decay == 0.0 {
        return own;
    }
    return own + coefficients.decay * w;
}

// The weight after the step, as it is stored: what has a norm is that.
fn moved_along(direction: Real, w: Real) -> Bits {
    return settled(bitcast<Bits>(coefficients.keep * w + coefficients.rate * direction));
}

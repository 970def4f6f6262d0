// The numbers of a step of an optimizer, the same for all weights.

struct Coefficients {
    // What is taken for the gradient is scale · g + decay · w.
    scale: Number, decay: Number,
    // A weight becomes keep · w + rate · d, d its direction.
    keep: Number, rate: Number,
    // The first moment becomes first · m + first_gradient · g.
    first: Number, first_gradient: Number,
    // The direction of momentum is pull · m + push · g.
    pull: Number, push: Number,
    // The second moment becomes second · s + second_gradient · g².
    second: Number, second_gradient: Number,
    // The direction of Adam is m / (root · √s + epsilon).
    root: Number, epsilon: Number,
}

@group(0) @binding(15) var<uniform> coefficients: Coefficients;

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

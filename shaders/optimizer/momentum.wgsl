// The direction is the first moment, or for Nesterov's method that and the gradient.

fn candidate(at: u32, bits: Bits) -> Bits {
    let w = real(bits);
    let g = decayed(real(load_gradient(at)), w);
    let m = coefficients.first * real(load_first(at)) + coefficients.first_gradient * g;
    store_first(at, bitcast<Bits>(m));
    var direction = coefficients.pull * m;
    // As with a decay: no product with zero.
    if coefficients.push != 0.0 {
        direction += coefficients.push * g;
    }
    return moved_along(direction, w);
}

// The direction is the first moment over the root of the second.

fn candidate(at: u32, bits: Bits) -> Bits {
    let w = real(bits);
    let g = decayed(real(load_gradient(at)), w);
    let m = coefficients.first * real(load_first(at)) + coefficients.first_gradient * g;
    let s = coefficients.second * real(load_second(at)) + coefficients.second_gradient * g * g;
    store_first(at, bitcast<Bits>(m));
    store_second(at, bitcast<Bits>(s));
    return moved_along(m / (coefficients.root * sqrt(s) + coefficients.epsilon), w);
}

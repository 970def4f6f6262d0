// The direction is the gradient.

fn candidate(at: u32, bits: Bits) -> Bits {
    let w = real(bits);
    return moved_along(decayed(real(load_gradient(at)), w), w);
}

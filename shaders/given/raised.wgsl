// The power of a norm that is given, of any power.

fn power_from(root: f32) -> f32 {
    // No power of zero: some devices take its logarithm.
    let zero = root < 1.0;
    return select(pow(select(root, 1.0, zero), params.power), 0.0, zero);
}

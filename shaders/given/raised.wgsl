// The power of a norm that is given, of any power.

fn power_from(root: Number) -> Number {
    // No power of zero: some devices take its logarithm.
    let zero = root < 1.0;
    return select(raised(select(root, Number(1.0), zero), params.power), Number(0.0), zero);
}

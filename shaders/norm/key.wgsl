// Numbers as integers: comparisons of f32 may flush or assume that there is no infinity.

// The order of keys is that of numbers; minus zero is just below zero.
fn key(bits: Bits) -> Integer {
    let sign = bitcast<Integer>(bits) >> LoadPlace(SIGN_PLACE);
    return bitcast<Integer>(bits) ^ (sign & Integer(LARGEST_WHOLE));
}

// The bits of the number that a key stands for.
fn bits_of(key: Exponent) -> Magnitude {
    let sign = key >> SlicePlace(SIGN_PLACE);
    return bitcast<Magnitude>(key ^ (sign & Exponent(LARGEST_WHOLE)));
}

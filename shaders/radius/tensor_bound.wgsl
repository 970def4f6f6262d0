// Radii in memory that bound magnitudes, as elements.

fn bound_at(slice: u32) -> Magnitude {
    let bits = radius_bits(slice);
    let bound = rounded(bits_of_power(threshold_of(radius_of(bits))));
    return select(bound, Magnitude(INFINITY), is_endless(bits));
}

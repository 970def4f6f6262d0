// The norms of the slices go to the caller's buffer.

@group(0) @binding(5) var<storage, read_write> norms: array<Word>;

fn settle(slice: u32, total: Accumulator) {
    let power = finish(total);
    let roots = root(power.mantissa);
    for (var i = 0u; i < SLICES; i++) {
        let largest = slice_magnitude(magnitude_of(total), i);
        let exponent = slice_exponent(power.exponent, i);
        let sum = slice_sum(power_of(total), i);
        norms[params.first_norm + slice + i] =
            norm_bits(slice_sum(roots, i), exponent, sum, largest);
    }
}

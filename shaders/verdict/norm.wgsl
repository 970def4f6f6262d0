// The norms of the slices go to the caller's buffer, as bits: no compiler may drop a NaN.

@group(0) @binding(5) var<storage, read_write> norms: array<u32>;

const INFINITY = 0x7f800000u;
const NAN = 0x7fc00000u;

fn settle(slice: u32, total: Accumulator) {
    let square = finish(total);
    // 4^exponent under the root is 2^exponent over it.
    let root = sqrt(square.mantissa);
    for (var i = 0u; i < SLICES; i++) {
        let largest = slice_magnitude(total.largest, i);
        let exponent = slice_exponent(square.exponent, i);
        let bits = bitcast<u32>(slice_sum(root, i));
        var norm = u32(i32(bits) + (exponent << 23u));
        if exponent < -126 || slice_sum(total.sum, i) == 0.0 {
            norm = 0u;
        }
        if exponent > 127 || largest == INFINITY {
            norm = INFINITY;
        }
        if largest > INFINITY {
            norm = NAN;
        }
        norms[params.first_norm + slice + i] = norm;
    }
}

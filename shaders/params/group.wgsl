// Parameters of one dispatch over chunks of many tensors; the twin of src/shader/group/params.rs,
// compared with it by a test. What depends on the precision of kernels stands first, so that nothing is padded.

struct Params {
    // A group is inside if the power of its norm is at most threshold · base^threshold_exponent.
    threshold: Number,
    // What violates is scaled to the norm radius · 2^radius_exponent.
    radius: Number,
    // What is added to a norm before it divides: epsilon · 2^epsilon_exponent.
    epsilon: Number,
    // A norm that the host gave: given · 2^given_exponent; infinite bits are an infinity.
    given: Number,
    // p and 1 / p of an Lp norm.
    power: Number, inverse_power: Number,
    // Bounds of elements as bits, and as keys in the order of numbers.
    low: Word, high: Word,
    low_key: Whole, high_key: Whole,
    threshold_exponent: i32, radius_exponent: i32, epsilon_exponent: i32, given_exponent: i32,
    // The policy for NaN and infinity: 0 leave, 1 zero, 2 propagate, 3 poison.
    on_non_finite: u32,
    // The chunks of this dispatch.
    first_chunk: u32, chunks: u32,
    // Norms that are put together here, and where the next kind of result begins.
    segments: u32,
    region: u32,
    // Where a norm that is given on the device stands in its binding.
    given_at: u32,
    // How elements of 16 bits are rounded: all bits to nearest, ties to even; none toward zero.
    nearest: u32,
    // Which rim this dispatch decides by; norms of another are left to another.
    rim: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

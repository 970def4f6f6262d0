// Parameters of one dispatch over chunks of many tensors; the twin of src/shader/group/params.rs,
// compared with it by a test.

struct Params {
    // A group is inside if the power of its norm is at most threshold · base^threshold_exponent.
    threshold: f32,
    threshold_exponent: i32,
    // What violates is scaled to the norm radius · 2^radius_exponent.
    radius: f32,
    radius_exponent: i32,
    // The policy for NaN and infinity: 0 leave, 1 zero, 2 propagate, 3 poison.
    on_non_finite: u32,
    // What is added to a norm before it divides: epsilon · 2^epsilon_exponent.
    epsilon: f32,
    epsilon_exponent: i32,
    // The chunks of this dispatch.
    first_chunk: u32,
    chunks: u32,
    // Norms that are put together here, and where the next kind of result begins.
    segments: u32,
    region: u32,
    // Bounds of elements as keys in the order of numbers, and as bits.
    low_key: i32,
    high_key: i32,
    low: u32,
    high: u32,
    // A norm that the host gave: given · 2^given_exponent; infinite bits are an infinity.
    given: f32,
    given_exponent: i32,
    // Where a norm that is given on the device stands in its binding.
    given_at: u32,
    // How elements of 16 bits are rounded: all bits to nearest, ties to even; none toward zero.
    nearest: u32,
    // Which rim this dispatch decides by; norms of another are left to another.
    rim: u32,
    // p and 1 / p of an Lp norm.
    power: f32,
    inverse_power: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

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
}

@group(0) @binding(0) var<uniform> params: Params;

// A run of one tensor that a workgroup takes; the twin of src/plan/group/chunks.rs.
struct Chunk {
    // The window that it is in, its first element there, and how many it has.
    slot: u32,
    first: u32,
    length: u32,
    // Where its partial sum goes, and the verdict that it obeys.
    partial: u32,
    verdict: u32,
    // Its box of axes, or NO_BOX for a contiguous run; and how many elements of the box are before.
    axes: u32,
    skipped: u32,
    // Weights that decay with it, and their rate; 0 if there are none.
    other_slot: u32,
    other_first: u32,
    rate: f32,
}

@group(0) @binding(1) var<storage, read> chunks: array<Chunk>;

const NO_BOX = 0xffffffffu;

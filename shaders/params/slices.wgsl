// Parameters of one dispatch over slices; the twin of src/shader/params.rs, compared with it by a
// test.

// Strides and offsets of data count loads (WIDTH elements); slices count slices.
struct Axis {
    size: u32,
    source_stride: u32,
    target_stride: u32,
    slice_stride: u32,
}

struct Params {
    // A slice is inside if the power of its norm is at most threshold · 4^threshold_exponent.
    threshold: f32,
    threshold_exponent: i32,
    // What violates is scaled to the norm radius · 2^radius_exponent.
    radius: f32,
    radius_exponent: i32,
    source_offset: u32,
    target_offset: u32,
    // The first slice of this dispatch, in the order of the partial sums and verdicts.
    first_slice: u32,
    // Where its first slice stands in a buffer of norms.
    first_norm: u32,
    // Tiles of slices, and chunks of their steps: tiles · chunks workgroups.
    tiles: u32,
    chunks: u32,
    // Steps of a slice here, and in one chunk.
    steps: u32,
    chunk: u32,
    // The first chunk here among the partial sums of a slice, and how many partial sums it has.
    first_chunk: u32,
    partials: u32,
    // Slices that the partial sums are laid out for.
    slices: u32,
    // Slices of this dispatch.
    slices_here: u32,
    kept_rank: u32,
    reduced_rank: u32,
    // Invocations that gather a report, and the first of their summaries.
    summaries: u32,
    first_summary: u32,
    // The policy for NaN and infinity: 0 leave, 1 zero, 2 propagate, 3 poison.
    on_non_finite: u32,
    // What is added to a norm before it divides: epsilon · 2^epsilon_exponent.
    epsilon: f32,
    epsilon_exponent: i32,
    padding: u32,
    kept: array<Axis, 8>,
    reduced: array<Axis, 8>,
}

@group(0) @binding(0) var<uniform> params: Params;

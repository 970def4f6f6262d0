// Parameters of one dispatch over slices; the twin of src/shader/params.rs, compared with it by a
// test.

// Strides and offsets of data count loads (WIDTH elements); slices count slices.
struct Axis {
    size: u32,
    source_stride: u32,
    target_stride: u32,
    slice_stride: u32,
}

// What depends on the dtype of elements stands first, so that nothing is padded.
struct Params {
    // A slice is too long if the power of its norm is over threshold · (2^DEGREE)^threshold_exponent.
    threshold: Number,
    // What violates is scaled to the norm radius · 2^radius_exponent.
    radius: Number,
    // A slice is too short if the power of its norm is under this, in the same form, and is then
    // scaled to another norm.
    low_threshold: Number,
    low_radius: Number,
    // What is added to a norm before it divides: epsilon · 2^epsilon_exponent.
    epsilon: Number,
    // The least that a norm is where it divides.
    floor: Number,
    // The part of its norm that a slice keeps; both radii are then parts of the norms aimed at.
    rest: Number,
    // The p of an Lp norm, and 1 / p.
    power: Number, inverse_power: Number,
    // The parts of a sum that is aimed at which are near enough to it.
    near_low: Number, near_high: Number,
    // The elements of a slice.
    length: Number,
    // A slice has the radius scale · max(r, least), and where a norm has a least one low_scale · max(r,
    // least), all in the form of the radius above. Beyond most the latter is none.
    scale: Number,
    low_scale: Number,
    least: Number,
    most: Number,
    // Threshold, radius, lower threshold and lower radius are slope · c + offset of these radii c, the
    // offsets with an exponent. Thresholds are norms here, not their powers.
    slope: Number, goal_slope: Number, low_slope: Number, low_goal_slope: Number,
    offset: Number, goal_offset: Number, low_offset: Number, low_goal_offset: Number,
    // What the first element of a slice of zeros becomes; zero if it stays.
    basis: Word,
    // The signs that are taken off before elements shrink, and put back.
    signs: Word,
    // Bounds of elements as bits, and as keys in the order of numbers; the largest element.
    low: Word, high: Word, largest: Word,
    low_key: Whole, high_key: Whole,
    threshold_exponent: i32, radius_exponent: i32, low_threshold_exponent: i32, low_radius_exponent: i32,
    epsilon_exponent: i32, floor_exponent: i32, rest_exponent: i32,
    scale_exponent: i32, low_scale_exponent: i32, least_exponent: i32, most_exponent: i32,
    offset_exponent: i32, goal_offset_exponent: i32,
    low_offset_exponent: i32, low_goal_offset_exponent: i32,
    // The most rounds of a search.
    rounds: u32,
    // Whether slices inside are multiplied by n / (n + ε), too.
    always: u32,
    // The policy for NaN and infinity: 0 leave, 1 zero, 2 propagate, 3 poison.
    on_non_finite: u32,
    // How elements of 16 bits are rounded: all bits to nearest, ties to even; none toward zero.
    nearest: u32,
    // Whether a negative radius turns its slice over.
    turns: u32,
    // Where the radii are in memory: the first in its binding, and the slice that it belongs to;
    // axes of those that are there, whose strides count elements, none if there is one for all.
    radii_offset: u32, first_radius: u32, radii_rank: u32,
    // Where slices go along their direction: 0 to the hyperplane, 1 to the half-space, 2 to the line; the
    // offset of the plane is in radius.
    plane: u32,
    // Where the first element of the direction is, and its strides as those of the axes.
    direction_offset: u32,
    // Where the upper bounds of elements are in memory; the lower ones are where radii would be.
    upper_offset: u32,
    first_upper: u32,
    upper_rank: u32,
    // The bits of an element that its dtype has not, and the least exponent field of its normal numbers.
    grain: u32,
    least_field: u32,
    source_offset: u32, target_offset: u32,
    // What takes the place of a weight to that in the gradient, the moments and the copy of an optimizer, wrapping.
    gradient_shift: u32, first_shift: u32, second_shift: u32, copy_shift: u32,
    // The first slice of this dispatch, in the order of the partial sums and verdicts.
    first_slice: u32,
    // Where its first slice stands in a buffer of norms.
    first_norm: u32,
    // Tiles of slices, and chunks of their steps: tiles · chunks workgroups.
    tiles: u32, chunks: u32,
    // Steps of a slice here, and in one chunk.
    steps: u32, chunk: u32,
    // The first chunk here among the partial sums of a slice, and how many partial sums it has.
    first_chunk: u32, partials: u32,
    // Slices that the partial sums are laid out for.
    slices: u32,
    // Slices of this dispatch.
    slices_here: u32,
    kept_rank: u32, reduced_rank: u32,
    // Invocations that gather a report, and the first of their summaries.
    summaries: u32, first_summary: u32,
    // Where indices name rows: the rows of the table, those that are bound here; the first index in its
    // binding, and its place in the list.
    rows: u32,
    first_row: u32,
    rows_here: u32,
    first_index: u32,
    first_position: u32,
    @align(16) kept: array<Axis, 8>,
    reduced: array<Axis, 8>,
    radii: array<Axis, 8>,
    uppers: array<Axis, 8>,
    direction_kept: array<vec4<u32>, 2>,
    direction_reduced: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;

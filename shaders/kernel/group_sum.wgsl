// Last dispatch of a clip of examples: each element of a sum, over the examples of a batch. An example
// that holds NaN or infinity and is left counts nothing.

@group(0) @binding(3) var<storage, read> verdicts: array<Accumulator>;

// Examples between two cascades: the chain of additions stays short.
const CASCADE = 16u;

@compute @workgroup_size(LANES)
fn group_sum(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    if index >= params.chunks {
        return;
    }
    let chunk = chunks[params.first_chunk + index];
    let last = body_last(chunk);
    for (var step = body_first(chunk) + lane; step < last; step += LANES) {
        put(chunk, step);
    }
    let edge = edge_at(chunk, lane);
    if edge != NO_EDGE {
        put(chunk, edge);
    }
}

// A sum, and the largest magnitude under it: NaN is found by its bits, and lost in no arithmetic.
struct Weighed {
    sum: Real,
    largest: Bits,
}

// The examples that lie in one window are added to those of the windows before.
fn put(chunk: Chunk, step: u32) {
    let weighed = weigh_window(chunk, other_at(chunk, step));
    var sum = weighed.sum;
    var largest = weighed.largest;
    let at = source_at(chunk, step);
    if chunk.adds != 0u {
        let before = load(chunk.slot, at);
        sum += real(before);
        largest = max(largest, before & Bits(MAGNITUDE));
    }
    let bits = select(bitcast<Bits>(sum), Bits(NAN), largest > Bits(INFINITY));
    store_masked(chunk.slot, at, bits, edge_mask(chunk, step));
}

fn left_out(total: Accumulator, rule: Rule) -> bool {
    return total.largest > LARGEST_FINITE && !rule.fill.replaced;
}

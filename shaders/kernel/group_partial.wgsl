// First of three dispatches: the partial sum of each chunk.

@group(0) @binding(2) var<storage, read_write> partials: array<Accumulator>;

// Terms of a lane between two cascades: the chain of additions stays short.
const CASCADE = 16u;

@compute @workgroup_size(LANES)
fn group_partial(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    // Workgroups past the last do it again, without storing.
    let chunk = chunks[params.first_chunk + min(index, params.chunks - 1u)];
    let total = reduce(scan(chunk, lane), lane, lane);
    if lane == 0u && index < params.chunks {
        partials[chunk.partial] = total;
    }
}

// What a lane has summed, and its largest magnitudes.
struct Body {
    sum: Real,
    largest: Bits,
}

fn scan(chunk: Chunk, lane: u32) -> Accumulator {
    let body = sum_window(chunk, lane);
    var sum = body.sum;
    var largest = body.largest;
    let edge = edge(chunk, lane);
    sum += term(edge);
    largest = max(largest, edge & Bits(MAGNITUDE));
    let exponent = safe_exponent(fold_largest(largest));
    if exponent != 0 {
        sum = scan_shifted(chunk, lane, spread_exponent(-exponent));
    }
    return lift(fold_sum(sum), exponent, largest);
}

// The chunk again, for the lanes whose terms would leave the range of f32.
fn scan_shifted(chunk: Chunk, lane: u32, shift: Integer) -> Real {
    let last = body_last(chunk);
    var sum = Real(0.0);
    var step = body_first(chunk) + lane;
    while step < last {
        let stop = min(last, step + CASCADE * LANES);
        var block = Real(0.0);
        while step < stop {
            block += term(shifted(candidate_at(chunk, step), shift));
            step += LANES;
        }
        sum += block;
    }
    return sum + term(shifted(edge(chunk, lane), shift));
}

// The elements of a lane's edge; zero where it has none.
fn edge(chunk: Chunk, lane: u32) -> Bits {
    let at = edge_at(chunk, lane);
    if at == NO_EDGE {
        return Bits(0u);
    }
    return select(Bits(0u), candidate_at(chunk, at), edge_mask(chunk, at));
}

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

fn scan(chunk: Chunk, lane: u32) -> Accumulator {
    let last = body_last(chunk);
    var sum = Real(0.0);
    var largest = Bits(0u);
    var step = body_first(chunk) + lane;
    while step < last {
        let stop = min(last, step + CASCADE * LANES);
        var block = Real(0.0);
        while step + 3u * LANES < stop {
            let x = candidates(chunk, step);
            block += (term(x.a) + term(x.b)) + (term(x.c) + term(x.d));
            let ab = max(x.a & Bits(MAGNITUDE), x.b & Bits(MAGNITUDE));
            let cd = max(x.c & Bits(MAGNITUDE), x.d & Bits(MAGNITUDE));
            largest = max(largest, max(ab, cd));
            step += 4u * LANES;
        }
        while step < stop {
            let x = candidate(chunk, step);
            block += term(x);
            largest = max(largest, x & Bits(MAGNITUDE));
            step += LANES;
        }
        sum += block;
    }
    let edge = edge(chunk, lane);
    sum += term(edge);
    largest = max(largest, edge & Bits(MAGNITUDE));
    let exponent = safe_exponent(fold_largest(largest));
    if exponent != 0 {
        sum = scan_shifted(chunk, lane, spread_exponent(-exponent));
    }
    return lift(fold_sum(sum), exponent, fold_largest(largest));
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
            block += term(shifted(candidate(chunk, step), shift));
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
    return select(Bits(0u), candidate(chunk, at), edge_mask(chunk, at));
}

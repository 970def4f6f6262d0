// A contiguous run as loads of four elements: its body is whole loads; the elements before and
// after them are its edges, in loads that it shares with its neighbours.

fn body_first(chunk: Chunk) -> u32 { return (chunk.first + 3u) / 4u; }
fn body_last(chunk: Chunk) -> u32 { return (chunk.first + chunk.length) / 4u; }

fn source_at(chunk: Chunk, step: u32) -> u32 { return step; }
// The plan sees to it that both begin at the same place within a load.
fn other_at(chunk: Chunk, step: u32) -> u32 {
    return step + chunk.other_first / 4u - chunk.first / 4u;
}

const NO_EDGE = 0xffffffffu;

// The load of a lane that is only partly the run's: the first lane has the one before the body,
// the second the one after it.
fn edge_at(chunk: Chunk, lane: u32) -> u32 {
    let end = chunk.first + chunk.length;
    let before = chunk.first / 4u;
    let after = end / 4u;
    if lane == 0u && chunk.first % 4u != 0u {
        return before;
    }
    if lane == 1u && end % 4u != 0u && (after != before || chunk.first % 4u == 0u) {
        return after;
    }
    return NO_EDGE;
}

// Which elements of a load are the run's.
fn edge_mask(chunk: Chunk, step: u32) -> vec4<bool> {
    let at = vec4<u32>(step * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    return (at >= vec4<u32>(chunk.first)) & (at < vec4<u32>(chunk.first + chunk.length));
}

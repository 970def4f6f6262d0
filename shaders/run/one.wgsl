// Loads of one element, of a contiguous run or of a box of axes. There are no edges.

// For each box: its rank, then size, stride and the other tensor's stride of each axis.
@group(0) @binding(4) var<storage, read> boxes: array<u32>;

fn body_first(chunk: Chunk) -> u32 { return 0u; }
fn body_last(chunk: Chunk) -> u32 { return chunk.length; }

fn source_at(chunk: Chunk, step: u32) -> u32 { return chunk.first + distance(chunk, step, 1u); }
fn other_at(chunk: Chunk, step: u32) -> u32 {
    return chunk.other_first + distance(chunk, step, 2u);
}

fn distance(chunk: Chunk, step: u32, stride: u32) -> u32 {
    if chunk.axes == NO_BOX {
        return step;
    }
    var rest = chunk.skipped + step;
    var at = 0u;
    for (var d = boxes[chunk.axes]; d > 0u; d--) {
        let axis = chunk.axes + 3u * d - 2u;
        at += rest % boxes[axis] * boxes[axis + stride];
        rest /= boxes[axis];
    }
    return at;
}

const NO_EDGE = 0xffffffffu;

fn edge_at(chunk: Chunk, lane: u32) -> u32 { return NO_EDGE; }
fn edge_mask(chunk: Chunk, step: u32) -> bool { return true; }

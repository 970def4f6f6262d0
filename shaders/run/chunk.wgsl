// A run of one tensor that a workgroup takes; the twin of src/shader/group/params.rs.
struct Chunk {
    // The rate of the weights that decay with it; 0 if there are none.
    rate: Number,
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
    // Where those weights are.
    other_slot: u32,
    other_first: u32,
    // Of a sum: how many examples the other tensor has there, how far apart in loads, and whether they
    // are added to what is there.
    rows: u32,
    stride: u32,
    adds: u32,
}

@group(0) @binding(1) var<storage, read> chunks: array<Chunk>;

const NO_BOX = 0xffffffffu;

// An element of a chunk outside its body, or again.
fn candidate_at(chunk: Chunk, step: u32) -> Bits {
    return candidate(chunk, step, load(chunk.slot, source_at(chunk, step)));
}

// The norm of a segment comes from the partial sums of its chunks.

@group(0) @binding(2) var<storage, read> partials: array<Accumulator>;

struct Segment {
    first: u32,
    count: u32,
    rim: u32,
}

@group(0) @binding(5) var<storage, read> segments: array<Segment>;

// Partial sums between two cascades: the chain of additions stays short.
const CASCADE = 16u;

fn rim_of(index: u32) -> u32 { return segments[index].rim; }

fn total_of(index: u32, lane: u32) -> Accumulator {
    let segment = segments[index];
    let last = segment.first + segment.count;
    var own = identity();
    var i = segment.first + lane;
    while i < last {
        let stop = min(last, i + CASCADE * LANES);
        var block = identity();
        while i < stop {
            block = combine(block, partials[i]);
            i += LANES;
        }
        own = combine(own, block);
    }
    return own;
}

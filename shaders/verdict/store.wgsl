// The accumulators of the slices are kept, for a report or for the rescaling dispatch.

@group(0) @binding(4) var<storage, read_write> verdicts: array<Accumulator>;

fn settle(slice: u32, total: Accumulator) {
    verdicts[slice / SLICES] = total;
}

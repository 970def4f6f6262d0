// The accumulators of the slices are kept, and a search begins.

@group(0) @binding(4) var<storage, read_write> verdicts: array<Accumulator>;
@group(0) @binding(7) var<storage, read_write> states: array<State>;

fn settle(slice: u32, total: Accumulator) {
    verdicts[slice / SLICES] = total;
    states[slice / SLICES] = state_of(rule_for(total, slice));
}

// A lane's part in what is rewritten: of its own slice, its own steps.

const SHARES = false;

struct Share {
    some: bool,
    // The lane whose slices they are, the first step, and how far it is to the next.
    lane: u32,
    first: u32,
    stride: u32,
}

fn share_of(lane: u32, inside: bool, writes: bool, total: Accumulator) -> Share {
    return Share(writes, lane, fan_position(lane), FAN);
}

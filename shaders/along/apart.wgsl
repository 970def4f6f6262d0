// The direction is in a buffer that is only read.

@group(0) @binding(9) var<storage, read> direction: array<Stored>;

fn load_direction(at: u32) -> Bits {
    count_load();
    return unpacked(direction[at]);
}

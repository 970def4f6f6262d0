// The direction is in another part of a buffer that is written, which one dispatch must bind in one way.

@group(0) @binding(9) var<storage, read_write> direction: array<Stored>;

fn load_direction(at: u32) -> Bits {
    count_load();
    return unpacked(direction[at]);
}

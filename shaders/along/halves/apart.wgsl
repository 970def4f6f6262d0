// As along/apart, element by element.

@group(0) @binding(9) var<storage, read> direction: array<u32>;

fn load_direction(at: u32) -> Bits {
    count_load();
    return widened(half_of(direction[at / 2u], at));
}

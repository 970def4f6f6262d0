// As optimizer/beside, element by element.

@group(0) @binding(12) var<storage, read> gradient: array<u32>;

fn load_gradient(at: u32) -> Bits {
    count_load();
    let place = at + params.gradient_shift;
    return widened(half_of(gradient[place / 2u], place));
}

// The bits as they are after they were in memory.
fn settled(bits: Bits) -> Bits { return widened(narrowed(bits)); }

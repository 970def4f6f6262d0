// Loads of four elements of 16 bits, in two words that nobody shares.

alias Stored = vec2<u32>;

fn unpacked(stored: Stored) -> Bits {
    let low = stored & Stored(0xffffu);
    let high = stored >> Stored(16u);
    return widened(Bits(low.x, high.x, low.y, high.y));
}

fn packed(bits: Bits) -> Stored {
    let halves = narrowed(bits);
    return halves.xz | (halves.yw << Stored(16u));
}

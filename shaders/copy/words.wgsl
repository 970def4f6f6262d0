// A copy of weights in 16 bits, with their strides: loads of four elements, in two words that nobody shares. A
// place is that of a weight.

@group(0) @binding(16) var<storage, read_write> duplicate: array<vec2<u32>>;

fn store_copy(at: u32, bits: Bits) {
    count_copy();
    let halves = narrowed(bits);
    duplicate[at + params.copy_shift] = halves.xz | (halves.yw << vec2<u32>(16u));
}

// Loads of four elements of f16, in two words that nobody shares. Most loads hold ordinary elements alone,
// neither subnormal nor infinite, zero or NaN; those take a third of the instructions, by counting.

alias Stored = vec2<u32>;

// The least normal element, as the bits of f32.
const SMALLEST_HALF = 0x38800000u;
// By how much exponent fields of f32 are above those of f16.
const ABOVE = 112u << 23u;

fn unpacked(stored: Stored) -> Bits {
    let low = stored << Stored(16u);
    if all_ordinary(stored) {
        return Bits(aligned(low.x), aligned(stored.x), aligned(low.y), aligned(stored.y)) + Bits(ABOVE);
    }
    let high = stored >> Stored(16u);
    return widened(Bits(low.x >> 16u, high.x, low.y >> 16u, high.y));
}

// The upper half of a word with its fields where f32 has them.
fn aligned(word: u32) -> u32 { return bitcast<u32>(bitcast<i32>(word) >> 3u) & 0x8fffe000u; }

// Whether no exponent field of the four is 0 or 31: one more makes both 0, but for the last bit.
fn all_ordinary(stored: Stored) -> bool {
    let next = ((stored & Stored(0x7c007c00u)) + Stored(0x04000400u)) & Stored(0x78007800u);
    // A half that is 0 borrows, and sets its highest bit.
    let odd = (next - Stored(0x00010001u)) & ~next & Stored(0x80008000u);
    return (odd.x | odd.y) == 0u;
}

fn packed(bits: Bits) -> Stored {
    let magnitude = bits & Bits(MAGNITUDE);
    var halves: Bits;
    if all((magnitude >= Bits(SMALLEST_HALF)) & (magnitude <= Bits(LARGEST))) {
        let exact = magnitude - Bits(ABOVE);
        let half_way = (Bits(0xfffu) + ((exact >> Bits(13u)) & Bits(1u))) & Bits(params.nearest);
        halves = ((bits >> Bits(16u)) & Bits(0x8000u)) | ((exact + half_way) >> Bits(13u));
    } else {
        halves = narrowed(bits);
    }
    return halves.xz | (halves.yw << Stored(16u));
}

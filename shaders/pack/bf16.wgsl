// bf16 in memory: the upper half of an f32.

const BYTES = 2u;
// The largest element, as the bits of f32.
const LARGEST = 0x7f7f0000u;

fn widened(half: Bits) -> Bits { return half << Bits(16u); }

// Rounded as the parameters say.
fn narrowed(bits: Bits) -> Bits {
    let half_way = Bits(0x7fffu) + ((bits >> Bits(16u)) & Bits(1u));
    let rounded = bits + (half_way & Bits(params.nearest));
    // NaN that arithmetic makes are quiet: the bit that says so stays.
    let finite = (bits & Bits(MAGNITUDE)) <= Bits(LARGEST_FINITE);
    return select(bits, rounded, finite) >> Bits(16u);
}

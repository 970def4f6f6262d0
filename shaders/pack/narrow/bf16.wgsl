// The bits of an f32 as those of a bf16.

// Rounded as the parameters say.
fn narrowed(bits: Bits) -> Bits {
    let half_way = Bits(0x7fffu) + ((bits >> Bits(16u)) & Bits(1u));
    let rounded = bits + (half_way & Bits(params.nearest));
    // NaN that arithmetic makes are quiet: the bit that says so stays.
    let finite = (bits & Bits(MAGNITUDE)) <= Bits(LARGEST_FINITE);
    return select(bits, rounded, finite) >> Bits(16u);
}

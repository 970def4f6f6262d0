// The bits of an f32 as those of an f16, by integer arithmetic, as pack/f16.

// Rounded as the parameters say.
fn narrowed(bits: Bits) -> Bits {
    let magnitude = bits & Bits(MAGNITUDE);
    // Below 2^-14 each power of two costs a bit, until none is left.
    let lost = min(Bits(113u) - min(magnitude >> Bits(23u), Bits(113u)), Bits(12u));
    let shift = lost + Bits(13u);
    let significand = (magnitude & Bits(0x7fffffu)) | Bits(0x800000u);
    let exact = select(magnitude - Bits(112u << 23u), significand, lost > Bits(0u));
    let half_way = (Bits(1u) << (shift - Bits(1u))) - Bits(1u) + ((exact >> shift) & Bits(1u));
    let rounded = (exact + (half_way & Bits(params.nearest))) >> shift;
    // What is too large is infinite to nearest, and the largest number toward zero.
    let finite = min(rounded, Bits(0x7bffu + (params.nearest & 1u)));
    // NaN that arithmetic makes are quiet: the bit that says so stays.
    let other = Bits(0x7c00u) | ((magnitude >> Bits(13u)) & Bits(0x3ffu));
    let sign = (bits >> Bits(16u)) & Bits(0x8000u);
    return sign | select(finite, other, magnitude > Bits(LARGEST_FINITE));
}

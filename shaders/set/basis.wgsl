// The first element of a slice of zeros, where it is to have a norm.

fn with_basis(kept: Bits, step: u32, based: Truth, basis: Magnitude) -> Bits {
    let begins = based & Truth((step == 0u) && (params.first_chunk == 0u));
    return select(kept, spread_magnitude(basis), first_of(begins));
}

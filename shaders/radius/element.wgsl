// Bounds from memory as elements.

// Toward zero to an element; infinity stays.
fn rounded(bits: Magnitude) -> Magnitude {
    let magnitude = bits & Magnitude(MAGNITUDE);
    let field = max(SlicePlace(magnitude >> SlicePlace(FIELD_PLACE)), SlicePlace(1u));
    let lost = max(field, SlicePlace(params.least_field)) - field;
    let dropped = SlicePlace(params.grain) + lost;
    let unit = Magnitude(1u) << min(dropped, SlicePlace(FIELD_PLACE));
    let kept = magnitude & ~(unit - Magnitude(1u));
    let least = select(kept, Magnitude(0u), dropped > SlicePlace(FIELD_PLACE));
    let finite = min(least, Magnitude(params.largest));
    return select(finite, magnitude, magnitude >= Magnitude(INFINITY)) | (bits & Magnitude(SIGN));
}

// What memory holds for each slice: a radius, or the lower limit of an element.

// The bits of the radii of the slices of a load.
fn radius_bits(slice: u32) -> Magnitude {
    var bits = Magnitude(0u);
    for (var s = 0u; s < SLICES; s++) {
        var at = params.radii_offset;
        // Whatever the index, it stays within the radii.
        var rest = params.first_radius + slice + s;
        for (var d = params.radii_rank; d > 0u; d--) {
            let axis = params.radii[d - 1u];
            at += rest % axis.size * axis.source_stride;
            rest /= axis.size;
        }
        bits = with_slice(bits, s, radius_word(at));
    }
    return bits;
}

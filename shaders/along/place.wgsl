// Where the direction of a slice begins: the indices on the kept axes, counted from those of the piece,
// are in the number of the slice.

fn direction_of(here: Place) -> u32 {
    var at = params.direction_offset;
    var rest = here.slice - params.first_slice;
    for (var d = 0u; d < params.kept_rank; d++) {
        let stride = params.kept[d].slice_stride;
        // The slices of one load lie along the last axis.
        let i = rest / stride / select(1u, SLICES, d + 1u == params.kept_rank);
        rest %= stride;
        at += i * params.direction_kept[d / 4u][d % 4u];
    }
    return at;
}

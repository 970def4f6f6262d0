// Where the slices of a lane are.

struct Place {
    inside: bool,
    source: u32,
    // Where results go; `target` is a reserved word.
    output: u32,
    slice: u32,
}

// Adds the first `axes` kept axes at the index that `index` counts, innermost fastest.
fn kept(origin: Place, index: u32, axes: u32) -> Place {
    var here = origin;
    var rest = index;
    for (var d = axes; d > 0u; d--) {
        let axis = params.kept[d - 1u];
        let i = rest % axis.size;
        rest /= axis.size;
        here.source += i * axis.source_stride;
        here.output += i * axis.target_stride;
        here.slice += i * axis.slice_stride;
    }
    return here;
}

fn start(inside: bool) -> Place {
    return Place(inside, params.source_offset, params.target_offset, params.first_slice);
}

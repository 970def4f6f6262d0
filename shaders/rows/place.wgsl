// Where the rows of a lane are, as walk/place: one that another index owns, or that is in another window
// of the table, is outside.

struct Place {
    inside: bool,
    source: u32,
    // Where results go; `target` is a reserved word.
    output: u32,
    slice: u32,
}

fn kept(origin: Place, index: u32, axes: u32) -> Place {
    var here = origin;
    here.slice += index;
    if !origin.inside || !is_touched(here.slice) {
        here.inside = false;
        return here;
    }
    let row = number_of(here.slice) - params.first_row;
    here.inside = row < params.rows_here;
    here.source += row * params.kept[0].source_stride;
    here.output += row * params.kept[0].target_stride;
    return here;
}

fn start(inside: bool) -> Place {
    return Place(inside, params.source_offset, params.target_offset, params.first_slice);
}

// Slices of any set of axes: every address is computed from its index. Whichever of kept and
// reduced axes has the smaller stride is spread over neighbouring lanes.

const FAN_STRIDE = select(1u, TILE, TILE_FASTEST);

fn fan_position(lane: u32) -> u32 { return select(lane % FAN, lane / TILE, TILE_FASTEST); }

fn place(tile: u32, lane: u32) -> Place {
    let index = tile * TILE + select(lane / FAN, lane % TILE, TILE_FASTEST);
    return kept(start(index < params.slices_here), index, params.kept_rank);
}

fn source_at(here: Place, step: u32) -> u32 {
    var at = here.source;
    var rest = step;
    for (var d = params.reduced_rank; d > 0u; d--) {
        let axis = params.reduced[d - 1u];
        at += rest % axis.size * axis.source_stride;
        rest /= axis.size;
    }
    return at;
}

fn target_at(here: Place, step: u32) -> u32 {
    var at = here.output;
    var rest = step;
    for (var d = params.reduced_rank; d > 0u; d--) {
        let axis = params.reduced[d - 1u];
        at += rest % axis.size * axis.target_stride;
        rest /= axis.size;
    }
    return at;
}

fn sector_violates(lane: u32, own: bool) -> bool { return own; }

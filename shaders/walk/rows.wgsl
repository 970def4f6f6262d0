// Slices whose elements are contiguous: the lanes of a fan lie side by side.

const FAN_STRIDE = 1u;

fn fan_position(lane: u32) -> u32 { return lane % FAN; }

fn place(tile: u32, lane: u32) -> Place {
    let index = tile * TILE + lane / FAN;
    return kept(start(index < params.slices_here), index, params.kept_rank);
}

fn source_at(here: Place, step: u32) -> u32 { return here.source + step; }
fn target_at(here: Place, step: u32) -> u32 { return here.output + step; }

// Rows share no sector worth rewriting whole.
fn sector_violates(lane: u32, own: bool) -> bool { return own; }

// Slices that lie side by side: the lanes of a tile cover a contiguous run, and the fan its rows.

const FAN_STRIDE = TILE;

fn fan_position(lane: u32) -> u32 { return lane / TILE; }

fn place(tile: u32, lane: u32) -> Place {
    let run = params.kept[params.kept_rank - 1u].size;
    let tiles = (run + TILE - 1u) / TILE;
    let column = tile % tiles * TILE + lane % TILE;
    var here = start(column < run && tile < params.tiles);
    here.source += column;
    here.output += column;
    here.slice += column * WIDTH;
    return kept(here, tile / tiles, params.kept_rank - 1u);
}

fn source_at(here: Place, step: u32) -> u32 {
    return here.source + step * params.reduced[0].source_stride;
}

fn target_at(here: Place, step: u32) -> u32 {
    return here.output + step * params.reduced[0].target_stride;
}

var<workgroup> violations: array<u32, LANES>;

// Whether any lane of the same sector violates: memory moves whole sectors, and a store that
// covers one whole spares the read of what it misses. Must be called by the whole workgroup.
fn sector_violates(lane: u32, own: bool) -> bool {
    violations[lane] = u32(own);
    workgroupBarrier();
    var any = 0u;
    let sector = min(SECTOR_LANES, TILE);
    let first = lane / sector * sector;
    for (var i = 0u; i < sector; i++) {
        any |= violations[first + i];
    }
    return any != 0u;
}

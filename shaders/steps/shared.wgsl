// A lane's part in what is rewritten of slices that lie side by side. Few of a tile may violate: then all
// lanes of the workgroup take their steps, and not those few that summed them.

const SHARES = true;

struct Share {
    some: bool,
    // The lane whose slices they are, the first step, and how far it is to the next.
    lane: u32,
    first: u32,
    stride: u32,
}

const MASKS = (TILE + 31u) / 32u;

// Which lanes of the tile write, as bits. Their numbers, in order, take the place of what was said of sectors.
var<workgroup> masks: array<atomic<u32>, MASKS>;

// Shares what `writes` says of the slices of each lane that has some; their totals are then in workgroup
// memory. Must be called by the whole workgroup.
fn share_of(lane: u32, inside: bool, writes: bool, total: Accumulator) -> Share {
    if lane < MASKS {
        atomicStore(&masks[lane], 0u);
    }
    if FAN == 1u {
        share(lane, total);
    }
    let together = sector_violates(lane, writes);
    let own = inside && lane < TILE && together;
    if own {
        atomicOr(&masks[lane / 32u], 1u << (lane % 32u));
    }
    workgroupBarrier();
    var before = 0u;
    var count = 0u;
    for (var i = 0u; i < MASKS; i++) {
        let mask = atomicLoad(&masks[i]);
        if i == lane / 32u {
            before = count + countOneBits(mask & ((1u << (lane % 32u)) - 1u));
        }
        count += countOneBits(mask);
    }
    if own {
        violations[before] = lane;
    }
    workgroupBarrier();
    let each = max(count, 1u);
    let stride = LANES / each;
    let first = lane / each;
    return Share(count > 0u && first < stride, violations[lane % each], first, stride);
}

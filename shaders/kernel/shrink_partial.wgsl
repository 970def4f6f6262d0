// In each round of a search: the tally of a chunk of each slice that still seeks. Where none does,
// nothing of the tensor is loaded.

@group(0) @binding(3) var<storage, read_write> partials: array<Tally>;
@group(0) @binding(4) var<storage, read> verdicts: array<Accumulator>;

// Terms of a lane between two cascades, as in the first sum.
const CASCADE = 16u;

@compute @workgroup_size(LANES)
fn shrink_partial(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    let chunk = index / params.tiles;
    let here = place(index % params.tiles, lane);
    let position = fan_position(lane);
    let inside = here.inside && chunk < params.chunks;
    var rule: Rule;
    if inside {
        rule = resumed(rule_for(verdicts[here.slice / SLICES], here.slice), here);
    }
    if !any_lane(lane, inside && any_slice(rule.seeking)) {
        return;
    }
    let first = chunk * params.chunk;
    let last = select(first, min(first + params.chunk, params.steps), inside);
    let total = reduce_tally(fold_tally(tallied(here, first + position, last, rule)), lane, position);
    if inside && position == 0u {
        partials[((params.first_chunk + chunk) * params.slices + here.slice) / SLICES] = total;
    }
}

fn tallied(here: Place, first: u32, last: u32, rule: Rule) -> LaneTally {
    var sum = LaneTally(Real(0.0), Bits(0u));
    var step = first;
    while step < last {
        let stop = min(last, step + CASCADE * FAN);
        var block = LaneTally(Real(0.0), Bits(0u));
        while step + 3u * FAN < stop {
            let a = load(source_at(here, step));
            let b = load(source_at(here, step + FAN));
            let c = load(source_at(here, step + 2u * FAN));
            let d = load(source_at(here, step + 3u * FAN));
            let ab = add_tallies(tally_of(a, rule), tally_of(b, rule));
            let cd = add_tallies(tally_of(c, rule), tally_of(d, rule));
            block = add_tallies(block, add_tallies(ab, cd));
            step += 4u * FAN;
        }
        while step < stop {
            block = add_tallies(block, tally_of(load(source_at(here, step)), rule));
            step += FAN;
        }
        sum = add_tallies(sum, block);
    }
    return sum;
}

// In each round of a search: combines the tallies of each slice that still seeks, and goes on.

@group(0) @binding(3) var<storage, read> partials: array<Tally>;
@group(0) @binding(4) var<storage, read> verdicts: array<Accumulator>;
@group(0) @binding(7) var<storage, read_write> states: array<State>;

const FAN_STRIDE = TILE;

@compute @workgroup_size(LANES)
fn shrink_decide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slice = ((group.x + group.y * groups.x) * TILE + lane % TILE) * SLICES;
    let position = lane / TILE;
    var rule: Rule;
    if slice < params.slices {
        rule = with_state(rule_for(verdicts[slice / SLICES], slice), states[slice / SLICES]);
    }
    let seeking = slice < params.slices && any_slice(rule.seeking);
    if !any_lane(lane, seeking) {
        return;
    }
    var own = Tally(Sum(0.0), Magnitude(0u));
    if seeking {
        for (var chunk = position; chunk < params.partials; chunk += FAN) {
            let other = partials[(chunk * params.slices + slice) / SLICES];
            own = Tally(own.sum + other.sum, own.count + other.count);
        }
    }
    let total = reduce_tally(own, lane, position);
    if seeking && position == 0u {
        states[slice / SLICES] = state_of(advanced(rule, total));
    }
}

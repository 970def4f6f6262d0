// One dispatch: a workgroup sums whole slices, and reads those that violate again. What it read a moment
// ago is in cache, where that holds the slices of all workgroups at work.

@compute @workgroup_size(LANES)
fn streamed(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group.x + group.y * groups.x;
    var here = place(tile, lane);
    let position = fan_position(lane);
    let total = reduce(scan(here, position, select(0u, params.steps, here.inside)), lane, position);
    if here.inside && position == 0u {
        settle(here.slice, total);
    }
    var rule = rule_for(total, here.slice);
    let writes = here.inside && (any_slice(rule.violates) || COPIES);
    let share = share_of(lane, here.inside, writes, total);
    if !WRITES || !share.some {
        return;
    }
    if SHARES {
        here = place(tile, share.lane);
        rule = rule_for(shared_by(share.lane), here.slice);
    }
    rewrite(here, rule, share.first, params.steps, share.stride);
}

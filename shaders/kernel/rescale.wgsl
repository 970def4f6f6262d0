// Last dispatch: combines the partial sums of each slice, in the same order in every workgroup, and
// rewrites what violates. It walks backward, because the end of the tensor is still in cache.

@group(0) @binding(3) var<storage, read> partials: array<Accumulator>;

@compute @workgroup_size(LANES)
fn rescale(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let count = params.tiles * params.chunks;
    let index = group.x + group.y * groups.x;
    // Workgroups past the last do the first again, without storing.
    let spare = index >= count;
    let reverse = select(count - 1u - index, 0u, spare);
    let chunk = reverse / params.tiles;
    var here = place(reverse % params.tiles, lane);
    let position = fan_position(lane);
    var own = identity();
    if here.inside {
        for (var i = position; i < params.partials; i += FAN) {
            own = combine(own, partials[(i * params.slices + here.slice) / SLICES]);
        }
    }
    let total = reduce(own, lane, position);
    if here.inside && position == 0u && params.first_chunk + chunk == 0u && !spare {
        settle(here.slice, total);
    }
    var rule = resumed(rule_for(total, here.slice), here);
    let inside = here.inside && !spare && !skipped();
    let share = share_of(lane, inside, inside && (any_slice(rule.violates) || COPIES), total);
    if !share.some {
        return;
    }
    if SHARES {
        here = place(reverse % params.tiles, share.lane);
        rule = resumed(rule_for(shared_by(share.lane), here.slice), here);
    }
    let first = chunk * params.chunk;
    rewrite(here, rule, first + share.first, min(first + params.chunk, params.steps), share.stride);
}

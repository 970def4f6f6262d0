// Last dispatch: combines the partial sums of each slice, in the same order in every workgroup, and moves
// what is outside along its direction. It walks backward, as kernel/rescale.

@group(0) @binding(3) var<storage, read> partials: array<Accumulator>;

@compute @workgroup_size(LANES)
fn along_rescale(
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
    let here = place(reverse % params.tiles, lane);
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
    let rule = rule_for(total, here.slice);
    let written = sector_violates(lane, any_slice(rule.violates)) || COPIES;
    if !here.inside || spare || !written {
        return;
    }
    let first = chunk * params.chunk + position;
    let last = min(chunk * params.chunk + params.chunk, params.steps);
    if first >= last {
        return;
    }
    let origin = direction_of(here);
    // The last step of this lane, downward to the first.
    var step = first + (last - 1u - first) / FAN * FAN;
    while step >= first + FAN {
        let a = load(source_at(here, step));
        let b = load(source_at(here, step - FAN));
        let c = load_direction(direction_at(origin, step));
        let d = load_direction(direction_at(origin, step - FAN));
        store(target_at(here, step), project(a, c, rule));
        store(target_at(here, step - FAN), project(b, d, rule));
        // The smallest step handled is `step - FAN`; stop before the index would wrap.
        if step < first + 2u * FAN {
            return;
        }
        step -= 2u * FAN;
    }
    let a = load(source_at(here, step));
    let c = load_direction(direction_at(origin, step));
    store(target_at(here, step), project(a, c, rule));
}

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
    let rule = resumed(rule_for(total, here.slice), here);
    let written = sector_violates(lane, any_slice(rule.violates)) || COPIES;
    if !here.inside || spare || !written {
        return;
    }
    let first = chunk * params.chunk + position;
    let last = min(chunk * params.chunk + params.chunk, params.steps);
    if first >= last {
        return;
    }
    // The last step of this lane, downward to the first.
    var step = first + (last - 1u - first) / FAN * FAN;
    while step >= first + 3u * FAN {
        let a = load(source_at(here, step));
        let b = load(source_at(here, step - FAN));
        let c = load(source_at(here, step - 2u * FAN));
        let d = load(source_at(here, step - 3u * FAN));
        store(target_at(here, step), project(a, step, rule));
        store(target_at(here, step - FAN), project(b, step - FAN, rule));
        store(target_at(here, step - 2u * FAN), project(c, step - 2u * FAN, rule));
        store(target_at(here, step - 3u * FAN), project(d, step - 3u * FAN, rule));
        // The smallest step handled is `step - 3·FAN`; stop before the index would wrap.
        if step < first + 4u * FAN {
            return;
        }
        step -= 4u * FAN;
    }
    loop {
        store(target_at(here, step), project(load(source_at(here, step)), step, rule));
        if step < first + FAN {
            return;
        }
        step -= FAN;
    }
}

// Between the two dispatches, where each has many partial sums: combines those of each slice.

@group(0) @binding(3) var<storage, read> partials: array<Accumulator>;

const FAN_STRIDE = TILE;

@compute @workgroup_size(LANES)
fn decide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slice = ((group.x + group.y * groups.x) * TILE + lane % TILE) * SLICES;
    let position = lane / TILE;
    let inside = slice < params.slices;
    var own = identity();
    if inside {
        for (var chunk = position; chunk < params.partials; chunk += FAN) {
            own = combine(own, partials[(chunk * params.slices + slice) / SLICES]);
        }
    }
    let total = reduce(own, lane, position);
    if inside && position == 0u {
        settle(slice, total);
    }
}

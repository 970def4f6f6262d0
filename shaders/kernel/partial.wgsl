// First of two dispatches: the partial sum of a chunk of each slice.

@group(0) @binding(3) var<storage, read_write> partials: array<Accumulator>;

@compute @workgroup_size(LANES)
fn partial(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    let chunk = index / params.tiles;
    let here = place(index % params.tiles, lane);
    let position = fan_position(lane);
    var first = chunk * params.chunk;
    var last = min(first + params.chunk, params.steps);
    // Workgroups past the last chunk, and lanes past the last slice, have nothing to add.
    if !here.inside || chunk >= params.chunks {
        first = 0u;
        last = 0u;
    }
    let total = reduce(scan(here, first + position, last), lane, position);
    if here.inside && position == 0u && chunk < params.chunks {
        partials[((params.first_chunk + chunk) * params.slices + here.slice) / SLICES] = total;
    }
}

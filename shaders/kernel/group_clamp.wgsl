// The only dispatch of a clip by value: reads every element and stores the loads that change.

@compute @workgroup_size(LANES)
fn group_clamp(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    if index >= params.chunks {
        return;
    }
    let chunk = chunks[params.first_chunk + index];
    clamp_window(chunk, lane);
    let edge = edge_at(chunk, lane);
    if edge != NO_EDGE {
        let y = bounded(candidate_at(chunk, edge));
        store_masked(chunk.slot, source_at(chunk, edge), y, edge_mask(chunk, edge));
    }
}

// Last dispatch: rewrites the chunks of groups that violate. It walks backward, because the end of
// the tensors is still in cache.

@group(0) @binding(3) var<storage, read> verdicts: array<Accumulator>;

@compute @workgroup_size(LANES)
fn group_rescale(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    if index >= params.chunks {
        return;
    }
    let chunk = chunks[params.first_chunk + params.chunks - 1u - index];
    let total = verdicts[chunk.verdict];
    let rule = rule_for(total, chunk.verdict);
    // A sum with a decayed weight is written even if it is not scaled; but a group that is left is
    // left whole.
    let left = total.largest > LARGEST_FINITE || total.exponent == NO_NORM;
    if !(rule.violates || (DECAYS && chunk.rate != 0.0 && !left)) {
        return;
    }
    rescale_window(chunk, lane, rule);
    let edge = edge_at(chunk, lane);
    if edge != NO_EDGE {
        let x = project(candidate_at(chunk, edge), edge, rule);
        store_masked(chunk.slot, source_at(chunk, edge), x, edge_mask(chunk, edge));
    }
}

// After the others: no row has an owner, so that the next indices find them free.

@group(0) @binding(10) var<storage, read> indices: array<u32>;
@group(0) @binding(11) var<storage, read_write> owners: array<atomic<u32>>;

@compute @workgroup_size(LANES)
fn release(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slice = (group.x + group.y * groups.x) * LANES + lane;
    if slice >= params.slices {
        return;
    }
    let row = indices[params.first_index + slice];
    if row < params.rows {
        atomicStore(&owners[row], 0u);
    }
}

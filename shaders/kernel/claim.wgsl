// Before the others, where indices name rows: of those that name the same row the last owns it.

@group(0) @binding(10) var<storage, read> indices: array<u32>;
@group(0) @binding(11) var<storage, read_write> owners: array<atomic<u32>>;

@compute @workgroup_size(LANES)
fn claim(
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
        atomicMax(&owners[row], params.first_position + slice + 1u);
    }
}

// How many elements of a projected tensor are not what they were times the factor of their slice.

// The number of the first element in the tensor.
override FIRST: u32;
override INNER: u32;
override SLICES: u32;
// How far off an element may be, as a fraction of what it should be.
override FRACTION: f32;

@group(0) @binding(0) var<storage, read> projected: array<f32>;
@group(0) @binding(1) var<storage, read> base: array<f32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> found: atomic<u32>;

const LANES = 256u;

@compute @workgroup_size(LANES)
fn differ(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let stride = groups.x * LANES;
    var count = 0u;
    for (var i = id.x; i < arrayLength(&projected); i += stride) {
        let expected = base[i] * factors[(FIRST + i) / INNER % SLICES];
        // The negation counts NaN.
        if !(abs(projected[i] - expected) <= FRACTION * abs(expected)) {
            count += 1u;
        }
    }
    if count > 0u {
        atomicAdd(&found, count);
    }
}

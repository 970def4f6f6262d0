// How many elements of a projected tensor are not what they were times the factor of their slice.

// Whether a word holds two elements of f16.
override HALVES: bool;
// The number of the first word in the tensor.
override FIRST: u32;
override INNER: u32;
override SLICES: u32;
// How far off an element may be, as a fraction of what it should be.
override FRACTION: f32;

@group(0) @binding(0) var<storage, read> projected: array<u32>;
@group(0) @binding(1) var<storage, read> base: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> found: atomic<u32>;

const LANES = 256u;

@compute @workgroup_size(LANES)
fn differ(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let stride = groups.x * LANES;
    var count = 0u;
    for (var i = id.x; i < arrayLength(&projected); i += stride) {
        if HALVES {
            let found = unpack2x16float(projected[i]);
            let before = unpack2x16float(base[i]);
            count += wrong(found.x, before.x, 2u * (FIRST + i));
            count += wrong(found.y, before.y, 2u * (FIRST + i) + 1u);
        } else {
            count += wrong(bitcast<f32>(projected[i]), bitcast<f32>(base[i]), FIRST + i);
        }
    }
    if count > 0u {
        atomicAdd(&found, count);
    }
}

fn wrong(found: f32, before: f32, element: u32) -> u32 {
    let expected = before * factors[element / INNER % SLICES];
    // What is subnormal in f16 is rounded by this at most. The negation counts NaN.
    let rounding = select(0.0, 6e-8, HALVES);
    return u32(!(abs(found - expected) <= FRACTION * abs(expected) + rounding));
}

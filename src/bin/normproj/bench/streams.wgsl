// What memory gives: kernels that only copy or only read, and one that compares. Each lane has four
// loads in flight.

@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> sink: array<vec4<u32>>;

const LANES = 256u;

@compute @workgroup_size(LANES)
fn copy_all(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let stride = groups.x * LANES;
    let count = arrayLength(&source);
    var i = id.x;
    while i + 3u * stride < count {
        let a = source[i];
        let b = source[i + stride];
        let c = source[i + 2u * stride];
        let d = source[i + 3u * stride];
        sink[i] = a;
        sink[i + stride] = b;
        sink[i + 2u * stride] = c;
        sink[i + 3u * stride] = d;
        i += 4u * stride;
    }
    while i < count {
        sink[i] = source[i];
        i += stride;
    }
}

@compute @workgroup_size(LANES)
fn read_all(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let stride = groups.x * LANES;
    let count = arrayLength(&source);
    var all = vec4<u32>();
    var i = id.x;
    while i + 3u * stride < count {
        let a = source[i];
        let b = source[i + stride];
        let c = source[i + 2u * stride];
        let d = source[i + 3u * stride];
        all ^= (a ^ b) ^ (c ^ d);
        i += 4u * stride;
    }
    while i < count {
        all ^= source[i];
        i += stride;
    }
    // It never is, but the compiler cannot know, and so must read.
    if all.x == 0x9e3779b9u && all.y == 0x7f4a7c15u {
        sink[0] = all;
    }
}

// The indices are in memory of a tensor that is written, which one dispatch must bind in one way.

@group(0) @binding(10) var<storage, read_write> indices: array<u32>;

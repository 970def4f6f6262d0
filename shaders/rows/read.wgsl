// The indices are in memory that is read alone.

@group(0) @binding(10) var<storage, read> indices: array<u32>;

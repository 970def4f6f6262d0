// Bytes that are loaded and stored are counted, to be compared with what a plan promises.

@group(0) @binding(6) var<storage, read_write> counters: array<atomic<u32>, 2>;

fn count_load() {
    atomicAdd(&counters[0], BYTES * WIDTH);
}

fn count_store() {
    atomicAdd(&counters[1], BYTES * WIDTH);
}

// Half of a word of 32 bits is changed: all of it is read and written.
fn count_change() {
    atomicAdd(&counters[0], 4u);
    atomicAdd(&counters[1], 4u);
}

// A load of a copy in 16 bits.
fn count_copy() {
    atomicAdd(&counters[1], 2u * WIDTH);
}

// Elements that are loaded and stored are counted, to be compared with what a plan promises.

@group(0) @binding(6) var<storage, read_write> counters: array<atomic<u32>, 2>;

fn count_load() {
    atomicAdd(&counters[0], WIDTH);
}

fn count_store() {
    atomicAdd(&counters[1], WIDTH);
}

// The body of a chunk, rewritten. Repeated for each window under its own name, as window/sum.

fn rescale_window0(chunk: Chunk, lane: u32, rule: Rule) {
    let last = body_last(chunk);
    var step = body_first(chunk) + lane;
    while !DECAYS && step + 3u * LANES < last {
        count_load();
        count_load();
        count_load();
        count_load();
        let g0 = window0[source_at(chunk, step)];
        let g1 = window0[source_at(chunk, step + LANES)];
        let g2 = window0[source_at(chunk, step + 2u * LANES)];
        let g3 = window0[source_at(chunk, step + 3u * LANES)];
        let a = candidate(chunk, step, g0);
        let b = candidate(chunk, step + LANES, g1);
        let c = candidate(chunk, step + 2u * LANES, g2);
        let d = candidate(chunk, step + 3u * LANES, g3);
        count_store();
        count_store();
        count_store();
        count_store();
        window0[source_at(chunk, step)] = project(a, step, rule);
        window0[source_at(chunk, step + LANES)] = project(b, step + LANES, rule);
        window0[source_at(chunk, step + 2u * LANES)] = project(c, step + 2u * LANES, rule);
        window0[source_at(chunk, step + 3u * LANES)] = project(d, step + 3u * LANES, rule);
        step += 4u * LANES;
    }
    while step < last {
        count_load();
        count_store();
        let a = candidate(chunk, step, window0[source_at(chunk, step)]);
        window0[source_at(chunk, step)] = project(a, step, rule);
        step += LANES;
    }
}

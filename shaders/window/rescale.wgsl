// The body of a chunk, rewritten. Repeated for each window under its own name, as window/sum.

fn rescale_window0(chunk: Chunk, lane: u32, rule: Rule) {
    let last = body_last(chunk);
    var step = body_first(chunk) + lane;
    // What is not plain is rare, and its text long.
    while !is_plain(rule) && step < last {
        let a = candidate(chunk, step, load_window0(source_at(chunk, step)));
        store_window0(source_at(chunk, step), project(a, step, rule));
        step += LANES;
    }
    while !DECAYS && step + 3u * LANES < last {
        let g0 = load_window0(source_at(chunk, step));
        let g1 = load_window0(source_at(chunk, step + LANES));
        let g2 = load_window0(source_at(chunk, step + 2u * LANES));
        let g3 = load_window0(source_at(chunk, step + 3u * LANES));
        let a = candidate(chunk, step, g0);
        let b = candidate(chunk, step + LANES, g1);
        let c = candidate(chunk, step + 2u * LANES, g2);
        let d = candidate(chunk, step + 3u * LANES, g3);
        store_window0(source_at(chunk, step), plainly(a, step, rule));
        store_window0(source_at(chunk, step + LANES), plainly(b, step + LANES, rule));
        store_window0(source_at(chunk, step + 2u * LANES), plainly(c, step + 2u * LANES, rule));
        store_window0(source_at(chunk, step + 3u * LANES), plainly(d, step + 3u * LANES, rule));
        step += 4u * LANES;
    }
    while step < last {
        let a = candidate(chunk, step, load_window0(source_at(chunk, step)));
        store_window0(source_at(chunk, step), plainly(a, step, rule));
        step += LANES;
    }
}

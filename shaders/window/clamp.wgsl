// The body of a chunk, clamped. Repeated for each window under its own name, as window/sum.

fn clamp_window0(chunk: Chunk, lane: u32) {
    let last = body_last(chunk);
    for (var step = body_first(chunk) + lane; step < last; step += LANES) {
        let x = candidate(chunk, step, load_window0(source_at(chunk, step)));
        let y = bounded(x);
        if differs(x, y) || (DECAYS && chunk.rate != 0.0) {
            store_window0(source_at(chunk, step), y);
        }
    }
}

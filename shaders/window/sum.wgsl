// The body of a chunk, summed. Repeated for each window under its own name, so that it is chosen
// once for a chunk: some drivers run all cases of a switch, masked. That of a weight is chosen for each
// load, so that the loops of a sum with decay are not unrolled: n windows are n² loads in the text.

fn sum_window0(chunk: Chunk, lane: u32) -> Body {
    let last = body_last(chunk);
    var body = Body(Real(0.0), Bits(0u));
    var step = body_first(chunk) + lane;
    while step < last {
        let stop = min(last, step + CASCADE * LANES);
        var block = Real(0.0);
        while !DECAYS && step + 3u * LANES < stop {
            let g0 = load_window0(source_at(chunk, step));
            let g1 = load_window0(source_at(chunk, step + LANES));
            let g2 = load_window0(source_at(chunk, step + 2u * LANES));
            let g3 = load_window0(source_at(chunk, step + 3u * LANES));
            let a = candidate(chunk, step, g0);
            let b = candidate(chunk, step + LANES, g1);
            let c = candidate(chunk, step + 2u * LANES, g2);
            let d = candidate(chunk, step + 3u * LANES, g3);
            block += (term(a) + term(b)) + (term(c) + term(d));
            let ab = max(a & Bits(MAGNITUDE), b & Bits(MAGNITUDE));
            let cd = max(c & Bits(MAGNITUDE), d & Bits(MAGNITUDE));
            body.largest = max(body.largest, max(ab, cd));
            step += 4u * LANES;
        }
        while step < stop {
            let a = candidate(chunk, step, load_window0(source_at(chunk, step)));
            block += term(a);
            body.largest = max(body.largest, a & Bits(MAGNITUDE));
            step += LANES;
        }
        body.sum += block;
    }
    return body;
}

// One load of each example of a chunk, clipped and added up. Repeated for each window under its own name,
// as window/sum.

fn weigh_window0(chunk: Chunk, at: u32) -> Weighed {
    var result = Weighed(Real(0.0), Bits(0u));
    var row = 0u;
    while row < chunk.rows {
        let stop = min(chunk.rows, row + CASCADE);
        var block = Real(0.0);
        while row < stop {
            let total = verdicts[chunk.verdict + row];
            let rule = rule_for(total, chunk.verdict + row);
            if !left_out(total, rule) {
                let y = project(load_window0(at + row * chunk.stride), 0u, rule);
                block += real(y);
                result.largest = max(result.largest, y & Bits(MAGNITUDE));
            }
            row += 1u;
        }
        result.sum += block;
    }
    return result;
}

// Weights step while they are loaded, and are stored at once: another dispatch projects them.

const STEPS = true;

fn taken(at: u32) -> Bits {
    var bits = load(at);
    if !skipped() {
        bits = candidate(at, bits);
        store(at, bits);
    }
    return bits;
}

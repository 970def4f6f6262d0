// Weights step while they are loaded, and are stored at once: another dispatch projects them.

const STEPS = true;

fn taken(at: u32) -> Bits {
    let bits = candidate(at, load(at));
    store(at, bits);
    return bits;
}

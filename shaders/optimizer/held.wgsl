// Weights step while they are loaded, and stay in registers until their slice is stored.

const STEPS = true;

fn taken(at: u32) -> Bits {
    let bits = load(at);
    if skipped() {
        return bits;
    }
    return candidate(at, bits);
}

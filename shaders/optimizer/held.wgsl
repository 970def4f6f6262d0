// Weights step while they are loaded, and stay in registers until their slice is stored.

const STEPS = true;

fn taken(at: u32) -> Bits { return candidate(at, load(at)); }

// Weights are projected as they are.

const STEPS = false;

fn taken(at: u32) -> Bits { return load(at); }

fn skipped() -> bool { return false; }

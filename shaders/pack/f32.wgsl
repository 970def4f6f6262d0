// f32 in memory.

// Bytes of an element, and elements that are stored together: what memory writes at once.
const BYTES = 4u;
const SECTOR = 8u;

// What a load is in memory.
alias Stored = Bits;

fn unpacked(stored: Stored) -> Bits { return stored; }
fn packed(bits: Bits) -> Stored { return bits; }

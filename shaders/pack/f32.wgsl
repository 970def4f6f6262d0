// f32 in memory.

// Bytes of an element.
const BYTES = 4u;
// The largest element, as the bits of f32.
const LARGEST = 0x7f7fffffu;

// What a load is in memory.
alias Stored = Bits;

fn unpacked(stored: Stored) -> Bits { return stored; }
fn packed(bits: Bits) -> Stored { return bits; }

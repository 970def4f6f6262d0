// f64 in memory.

// Bytes of an element.
const BYTES = 8u;
// The largest element, as bits.
const LARGEST = 0x7feffffffffffffflu;

// What a load is in memory.
alias Stored = Bits;

fn unpacked(stored: Stored) -> Bits { return stored; }
fn packed(bits: Bits) -> Stored { return bits; }

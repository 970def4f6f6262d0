// Elements of 16 bits one by one: halves of words that a neighbour of another lane, workgroup or
// tensor may share.

fn half_of(word: u32, at: u32) -> u32 { return (word >> (at % 2u * 16u)) & 0xffffu; }

// What a word is combined with (exclusive or, atomically) to give an element other bits. The other
// half stays whatever it becomes meanwhile; this one nobody else writes.
fn change(word: u32, at: u32, half: u32) -> u32 {
    return (half_of(word, at) ^ half) << (at % 2u * 16u);
}

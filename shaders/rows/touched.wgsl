// Slices are the rows that an index names, one for each index. Of indices that name the same row one
// owns it, the last.

@group(0) @binding(11) var<storage, read> owners: array<u32>;

fn number_of(slice: u32) -> u32 { return indices[params.first_index + slice]; }
fn is_beyond(slice: u32) -> bool { return number_of(slice) >= params.rows; }

fn is_touched(slice: u32) -> bool {
    if is_beyond(slice) {
        return false;
    }
    return owners[number_of(slice)] == params.first_position + slice + 1u;
}

// One bound of magnitudes for all slices, an element.

fn bound_at(slice: u32) -> Magnitude { return Magnitude(params.high); }

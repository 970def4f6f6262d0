// The direction of slices along one axis, or none.

fn direction_at(first: u32, step: u32) -> u32 {
    return first + step * params.direction_reduced[0].x;
}

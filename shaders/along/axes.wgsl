// The direction of slices along any axes.

fn direction_at(first: u32, step: u32) -> u32 {
    var at = first;
    var rest = step;
    for (var d = params.reduced_rank; d > 0u; d--) {
        let size = params.reduced[d - 1u].size;
        at += rest % size * params.direction_reduced[(d - 1u) / 4u][(d - 1u) % 4u];
        rest /= size;
    }
    return at;
}

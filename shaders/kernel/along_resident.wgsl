// One dispatch: a slice and its direction are held in registers between their reduction and the store.

fn load_step(here: Place, step: u32) -> Bits {
    if here.inside && step < params.steps {
        return load(source_at(here, step));
    }
    return Bits(0u);
}

fn load_along(here: Place, first: u32, step: u32) -> Bits {
    if here.inside && step < params.steps {
        return load_direction(direction_at(first, step));
    }
    return Bits(0u);
}

fn store_step(here: Place, step: u32, bits: Bits) {
    if step < params.steps {
        store(target_at(here, step), bits);
    }
}

@compute @workgroup_size(LANES)
fn along_resident(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let here = place(group.x + group.y * groups.x, lane);
    let position = fan_position(lane);
    let held = hold(here, direction_of(here), position);
    let largest = fold_largest(held_largest(held));
    let direction = fold_largest(held_direction(held));
    let unit = lane_unit(largest);
    let other = lane_unit(direction);
    var dot = fold_sum(held_dot(held));
    var squares = fold_sum(held_squares(held));
    if any_slice((unit != Exponent(0)) | (other != Exponent(0))) {
        let shift = spread_exponent(-unit);
        let along = spread_exponent(-other);
        dot = fold_sum(held_dot_shifted(held, shift, along));
        squares = fold_sum(held_squares_shifted(held, along));
    }
    let total = reduce(Accumulator(dot, squares, largest, direction), lane, position);
    if here.inside && position == 0u {
        settle(here.slice, total);
    }
    let rule = rule_for(total, here.slice);
    let written = sector_violates(lane, any_slice(rule.violates)) || COPIES;
    if WRITES && here.inside && written {
        release(here, position, held, rule);
    }
}

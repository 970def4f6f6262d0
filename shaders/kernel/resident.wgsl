// One dispatch: a slice is held in registers between its reduction and its store.

fn load_step(here: Place, step: u32) -> Bits {
    if here.inside && step < params.steps {
        return taken(source_at(here, step));
    }
    return Bits(0u);
}

fn store_step(here: Place, step: u32, bits: Bits) {
    if step < params.steps {
        store(target_at(here, step), bits);
    }
}

@compute @workgroup_size(LANES)
fn resident(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let here = place(group.x + group.y * groups.x, lane);
    let position = fan_position(lane);
    let held = hold(here, position);
    let seen = held_extremes(held, here, position);
    let exponent = safe_exponent(largest_of(seen));
    var sum = fold_sum(held_sum(held));
    if any_slice(exponent != Exponent(0)) {
        sum = fold_sum(held_sum_shifted(held, spread_exponent(-exponent)));
    }
    let total = reduce(lift(sum, exponent, seen), lane, position);
    if here.inside && position == 0u {
        settle(here.slice, total);
    }
    let rule = searched(rule_for(total, here.slice), held, here, lane, position);
    let written = sector_violates(lane, any_slice(rule.violates)) || COPIES || STEPS;
    if !WRITES || !here.inside || !written || skipped() {
        return;
    }
    if is_plain(rule) {
        release(here, position, held, rule);
    } else {
        // What is rewritten there is read from memory, which does not have the step yet.
        if STEPS {
            keep(here, position, held);
        }
        rewrite_odd(here, rule, position, params.steps, FAN);
    }
}

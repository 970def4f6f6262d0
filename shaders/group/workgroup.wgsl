// Reduction across the FAN lanes that share a slice, in workgroup memory: a tree in a fixed order.

// Every lane of a fan gets the same total. Must be called by the whole workgroup.
fn reduce(own: Accumulator, lane: u32, position: u32) -> Accumulator {
    var total = own;
    for (var step = FAN / 2u; step > 0u; step /= 2u) {
        if position >= step && position < 2u * step {
            share(lane, total);
        }
        workgroupBarrier();
        if position < step {
            total = combine(total, shared_by(lane + step * FAN_STRIDE));
        }
        workgroupBarrier();
    }
    if FAN > 1u {
        if position == 0u {
            share(lane, total);
        }
        workgroupBarrier();
        total = shared_by(lane - position * FAN_STRIDE);
    }
    return total;
}

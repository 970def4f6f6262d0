// Reduction across the FAN lanes that share a slice, in workgroup memory: a tree in a fixed order.

var<workgroup> shared_sum: array<Sum, LANES>;
var<workgroup> shared_exponent: array<Exponent, LANES>;
var<workgroup> shared_largest: array<Magnitude, LANES>;

fn share(lane: u32, own: Accumulator) {
    shared_sum[lane] = own.sum;
    shared_exponent[lane] = own.exponent;
    shared_largest[lane] = own.largest;
}

fn shared_by(lane: u32) -> Accumulator {
    return Accumulator(shared_sum[lane], shared_exponent[lane], shared_largest[lane]);
}

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

// Reduction of tallies across the FAN lanes that share a slice: the same tree, in the same memory.

// Every lane of a fan gets the same total. Must be called by the whole workgroup.
fn reduce_tally(own: Tally, lane: u32, position: u32) -> Tally {
    var total = own;
    for (var step = FAN / 2u; step > 0u; step /= 2u) {
        if position >= step && position < 2u * step {
            shared_sum[lane] = total.sum;
            shared_largest[lane] = total.count;
        }
        workgroupBarrier();
        if position < step {
            let other = lane + step * FAN_STRIDE;
            total = Tally(total.sum + shared_sum[other], total.count + shared_largest[other]);
        }
        workgroupBarrier();
    }
    if FAN > 1u {
        if position == 0u {
            shared_sum[lane] = total.sum;
            shared_largest[lane] = total.count;
        }
        workgroupBarrier();
        let first = lane - position * FAN_STRIDE;
        total = Tally(shared_sum[first], shared_largest[first]);
    }
    return total;
}

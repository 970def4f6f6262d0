// Accumulators in workgroup memory.

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

// Accumulators of slices and their direction in workgroup memory.

var<workgroup> shared_dot: array<Sum, LANES>;
var<workgroup> shared_squares: array<Sum, LANES>;
var<workgroup> shared_largest: array<Magnitude, LANES>;
var<workgroup> shared_direction: array<Magnitude, LANES>;

fn share(lane: u32, own: Accumulator) {
    shared_dot[lane] = own.dot;
    shared_squares[lane] = own.squares;
    shared_largest[lane] = own.largest;
    shared_direction[lane] = own.direction;
}

fn shared_by(lane: u32) -> Accumulator {
    return Accumulator(
        shared_dot[lane], shared_squares[lane], shared_largest[lane], shared_direction[lane]);
}

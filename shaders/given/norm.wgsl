// What the accumulator of a group with this norm would be.

// An exponent that marks a norm that is none: the group is left as it is, and flagged. Above all
// others, so that it outlasts the reduction.
const NO_NORM = 2000;

fn of_norm(mantissa: f32, exponent: i32) -> Accumulator {
    return Accumulator(power_from(mantissa), exponent, bitcast<u32>(mantissa));
}

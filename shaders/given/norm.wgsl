// What the accumulator of a group with this norm would be.

fn of_norm(mantissa: Number, exponent: Whole) -> Accumulator {
    return Accumulator(power_from(mantissa), exponent, bitcast<Word>(mantissa));
}

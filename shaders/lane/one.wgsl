// A load is one element of one slice.

alias Bits = Word;
alias Real = Number;
alias Integer = Whole;
alias Sum = Number;
alias Exponent = Whole;
alias Magnitude = Word;
alias Truth = bool;
// By how many places the bits of a load are shifted, and those of its slices.
alias LoadPlace = u32;
alias SlicePlace = u32;

const WIDTH = 1u;
const SLICES = 1u;

fn fold_sum(x: Real) -> Sum { return x; }
fn fold_largest(x: Bits) -> Magnitude { return x; }
fn fold_bits(x: Bits) -> Magnitude { return x; }
fn fold_greatest(x: Integer) -> Exponent { return x; }
fn fold_count(x: Bits) -> Magnitude { return x; }
fn spread_sum(x: Sum) -> Real { return x; }
fn spread_exponent(x: Exponent) -> Integer { return x; }
fn spread_magnitude(x: Magnitude) -> Bits { return x; }
fn spread_truth(x: Truth) -> Truth { return x; }
// Which elements of a load that begins its slices are the first of one.
fn first_of(x: Truth) -> Truth { return x; }
fn any_slice(x: Truth) -> bool { return x; }
fn slice_sum(x: Sum, slice: u32) -> Number { return x; }
fn slice_exponent(x: Exponent, slice: u32) -> Whole { return x; }
fn slice_magnitude(x: Magnitude, slice: u32) -> Word { return x; }
fn with_slice(x: Magnitude, slice: u32, value: Word) -> Magnitude { return value; }
fn slice_violates(x: Truth, slice: u32) -> bool { return x; }
fn differs(x: Bits, y: Bits) -> bool { return x != y; }

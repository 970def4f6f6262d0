// A load is one element of each of four slices that lie side by side.

alias Bits = vec4<u32>;
alias Real = vec4<f32>;
alias Integer = vec4<i32>;
alias Sum = vec4<f32>;
alias Exponent = vec4<i32>;
alias Magnitude = vec4<u32>;
alias Truth = vec4<bool>;
// By how many places the bits of a load are shifted, and those of its slices.
alias LoadPlace = vec4<u32>;
alias SlicePlace = vec4<u32>;

const WIDTH = 4u;
const SLICES = 4u;

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
fn any_slice(x: Truth) -> bool { return any(x); }
fn slice_sum(x: Sum, slice: u32) -> Number { return x[slice]; }
fn slice_exponent(x: Exponent, slice: u32) -> Whole { return x[slice]; }
fn slice_magnitude(x: Magnitude, slice: u32) -> Word { return x[slice]; }
fn with_slice(x: Magnitude, slice: u32, value: Word) -> Magnitude {
    return select(x, Magnitude(value), vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(slice));
}
fn slice_violates(x: Truth, slice: u32) -> bool { return x[slice]; }
fn differs(x: Bits, y: Bits) -> bool { return any(x != y); }

// A load is four elements of one slice.

alias Bits = vec4<u32>;
alias Real = vec4<f32>;
alias Integer = vec4<i32>;
alias Sum = f32;
alias Exponent = i32;
alias Magnitude = u32;
alias Truth = bool;
// By how many places the bits of a load are shifted, and those of its slices.
alias LoadPlace = vec4<u32>;
alias SlicePlace = u32;

const WIDTH = 4u;
const SLICES = 1u;

fn fold_sum(x: Real) -> Sum { return (x.x + x.y) + (x.z + x.w); }
fn fold_largest(x: Bits) -> Magnitude { return max(max(x.x, x.y), max(x.z, x.w)); }
fn fold_bits(x: Bits) -> Magnitude { return (x.x | x.y) | (x.z | x.w); }
fn fold_greatest(x: Integer) -> Exponent { return max(max(x.x, x.y), max(x.z, x.w)); }
fn fold_count(x: Bits) -> Magnitude { return (x.x + x.y) + (x.z + x.w); }
fn spread_sum(x: Sum) -> Real { return Real(x); }
fn spread_exponent(x: Exponent) -> Integer { return Integer(x); }
fn spread_magnitude(x: Magnitude) -> Bits { return Bits(x); }
fn spread_truth(x: Truth) -> vec4<bool> { return vec4<bool>(x); }
// Which elements of a load that begins its slices are the first of one.
fn first_of(x: Truth) -> vec4<bool> { return vec4<bool>(x, false, false, false); }
fn any_slice(x: Truth) -> bool { return x; }
fn slice_sum(x: Sum, slice: u32) -> Number { return x; }
fn slice_exponent(x: Exponent, slice: u32) -> Whole { return x; }
fn slice_magnitude(x: Magnitude, slice: u32) -> Word { return x; }
fn with_slice(x: Magnitude, slice: u32, value: Word) -> Magnitude { return value; }
fn slice_violates(x: Truth, slice: u32) -> bool { return x; }
fn differs(x: Bits, y: Bits) -> bool { return any(x != y); }

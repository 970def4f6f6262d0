// f32: its words, and where its fields are.

alias Number = f32;
alias Word = u32;
alias Whole = i32;

const MAGNITUDE = 0x7fffffffu;
const SIGN = 0x80000000u;
const ONE = 0x3f800000u;
const FRACTION = 0x007fffffu;
const SMALLEST_NORMAL = 0x00800000u;
const LARGEST_FINITE = 0x7f7fffffu;
const INFINITY = 0x7f800000u;
const NAN = 0x7fc00000u;
const LARGEST_WHOLE = 0x7fffffff;
// The place of the sign, and of the exponent field; how many of those there are, and that of 1.
const SIGN_PLACE = 31u;
const FIELD_PLACE = 23u;
const FIELDS = 255;
const BIAS = 127;
// The exponent of the least subnormal number.
const LEAST_EXPONENT = -149;
// An exponent below that of every term, so that an empty sum never sets the common one.
const NO_EXPONENT = -1000;
// A lane's sum of squares keeps 2^-35 of itself in range where its largest element is in
// [2^-40, 2^47). Of a sum of magnitudes 2^32 of the largest stay in range below 2^94, and what is
// flushed beside the smallest is under 2^-46 of it from 2^-80 on.
const LOWEST_SQUARED = -40;
const HIGHEST_SQUARED = 47;
const LOWEST_SUMMED = -80;
const HIGHEST_SUMMED = 94;
// Of sums of products 2^34 of the largest stay in range, and what is flushed of 2^42 is lost beside the
// product of the largest, while both largest magnitudes are in this range.
const LOWEST_MULTIPLIED = -30;
const HIGHEST_MULTIPLIED = 47;

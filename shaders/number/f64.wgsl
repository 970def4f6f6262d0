// f64: its words, and where its fields are.

alias Number = f64;
alias Word = u64;
alias Whole = i64;

const MAGNITUDE = 0x7ffffffffffffffflu;
const SIGN = 0x8000000000000000lu;
const ONE = 0x3ff0000000000000lu;
const FRACTION = 0x000ffffffffffffflu;
const SMALLEST_NORMAL = 0x0010000000000000lu;
const LARGEST_FINITE = 0x7feffffffffffffflu;
const INFINITY = 0x7ff0000000000000lu;
const NAN = 0x7ff8000000000000lu;
const LARGEST_WHOLE = 0x7fffffffffffffffli;
// The place of the sign, and of the exponent field; how many of those there are, and that of 1.
const SIGN_PLACE = 63u;
const FIELD_PLACE = 52u;
const FIELDS = 2047;
const BIAS = 1023;
// The exponent of the least subnormal number.
const LEAST_EXPONENT = -1074;
// An exponent below that of every term, so that an empty sum never sets the common one.
const NO_EXPONENT = -8000;
// A lane's sum of squares keeps 2^-64 of itself in range where its largest element is in
// [2^-470, 2^490); a sum of magnitudes, in [2^-940, 2^980).
const LOWEST_SQUARED = -470;
const HIGHEST_SQUARED = 490;
const LOWEST_SUMMED = -940;
const HIGHEST_SUMMED = 980;
// Of sums of products 2^34 of the largest stay in range, and what is flushed of 2^42 is lost beside the
// product of the largest, while both largest magnitudes are in this range.
const LOWEST_MULTIPLIED = -460;
const HIGHEST_MULTIPLIED = 490;

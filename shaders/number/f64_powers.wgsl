// Powers of f64, which no driver has: by series, within some ulp.

// log2 of a normal number: 2 · artanh((m - 1) / (m + 1)) / ln 2 for a mantissa m around 1, where the
// thirteenth term of the series is under 2^-62 of the first.
fn logarithm(x: Sum) -> Sum {
    let field = Exponent(bitcast<Magnitude>(x) >> FIELD_PLACE) - Exponent(BIAS);
    let above = bitcast<Sum>(bitcast<Exponent>(x) - (field << FIELD_PLACE));
    let halved = above > Sum(ROOT_OF_TWO);
    let mantissa = select(above, above * 0.5, halved);
    let whole = select(field, field + 1, halved);
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    var series = Sum(0.0);
    for (var odd = 25; odd > 0; odd -= 2) {
        series = series * square + Sum(1.0) / Sum(odd);
    }
    return Sum(whole) + z * series * Sum(TWO_OVER_LN_TWO);
}

// 2^x, zero and infinity aside: the exponential series of what is left beside the nearest whole number.
fn power_of_two(x: Sum) -> Sum {
    let whole = floor(x + 0.5);
    let rest = (x - whole) * Sum(LN_TWO);
    var series = Sum(1.0);
    for (var term = 18; term > 0; term--) {
        series = series * rest / Sum(term) + 1.0;
    }
    return bitcast<Sum>(bitcast<Exponent>(series) + (Exponent(whole) << FIELD_PLACE));
}

// x^power for x > 0.
fn raised(x: Real, power: Number) -> Real {
    let places = logarithm(x) * power;
    return select(power_of_two(max(places, Real(-1000.0))), Real(0.0), places < Real(-1000.0));
}

const ROOT_OF_TWO = 1.4142135623730951lf;
const LN_TWO = 0.6931471805599453lf;
const TWO_OVER_LN_TWO = 2.8853900817779268lf;

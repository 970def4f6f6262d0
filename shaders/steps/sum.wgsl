// The sum of the terms of a lane: every FAN-th step of its slice from the first.

// Terms of a lane between two cascades: the chain of additions stays short.
const CASCADE = 16u;

fn scan(here: Place, first: u32, last: u32) -> Accumulator {
    var sum = Real(0.0);
    var seen = no_extremes();
    var step = first;
    while step < last {
        let stop = min(last, step + CASCADE * FAN);
        var block = Real(0.0);
        while step + 3u * FAN < stop {
            let a = taken(source_at(here, step));
            let b = taken(source_at(here, step + FAN));
            let c = taken(source_at(here, step + 2u * FAN));
            let d = taken(source_at(here, step + 3u * FAN));
            block += (term(a) + term(b)) + (term(c) + term(d));
            let ab = wider(extremes(a), extremes(b));
            let cd = wider(extremes(c), extremes(d));
            seen = wider(seen, wider(ab, cd));
            step += 4u * FAN;
        }
        while step < stop {
            let a = taken(source_at(here, step));
            block += term(a);
            seen = wider(seen, extremes(a));
            step += FAN;
        }
        sum += block;
    }
    let exponent = safe_exponent(largest_of(seen));
    if any_slice(exponent != Exponent(0)) {
        sum = scan_shifted(here, first, last, spread_exponent(-exponent));
    }
    return lift(fold_sum(sum), exponent, seen);
}

// The chunk again, for the lanes whose squares would leave the range of f32. A step of an optimizer is
// in memory by then.
fn scan_shifted(here: Place, first: u32, last: u32, shift: Integer) -> Real {
    var sum = Real(0.0);
    var step = first;
    while step < last {
        let stop = min(last, step + CASCADE * FAN);
        var block = Real(0.0);
        while step < stop {
            block += term(shifted(load(source_at(here, step)), shift));
            step += FAN;
        }
        sum += block;
    }
    return sum;
}

// What becomes of a slice that holds NaN or infinity.

struct Fill {
    // Whether it is replaced: infinite elements and NaN by one value, all others by another.
    replaced: Truth,
    infinite: Magnitude,
    finite: Magnitude,
}

// The policies: leave, zero, propagate, poison.
const ZERO = 1u;
const PROPAGATE = 2u;
const POISON = 3u;

// Of a slice whose radius is none nothing is replaced.
fn fill_for(largest: Magnitude, valid: Truth) -> Fill {
    let policy = params.on_non_finite;
    let nan = largest > Magnitude(INFINITY);
    let poisoned = Truth(policy == POISON) | (Truth(policy == PROPAGATE) & nan);
    return Fill(
        Truth(policy >= ZERO) & (largest >= Magnitude(INFINITY)) & valid,
        select(Magnitude(0u), Magnitude(NAN), policy >= PROPAGATE),
        select(Magnitude(0u), Magnitude(NAN), poisoned),
    );
}

// What is stored of an element, of which `kept` remains where nothing is replaced.
fn filled(bits: Bits, kept: Bits, fill: Fill) -> Bits {
    let infinite = (bits & Bits(MAGNITUDE)) >= Bits(INFINITY);
    let value =
        select(spread_magnitude(fill.finite), spread_magnitude(fill.infinite), infinite);
    return select(kept, value, spread_truth(fill.replaced));
}

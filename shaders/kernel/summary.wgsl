// After the others, if a report was asked for: each invocation adds up a share of the slices.

struct Summary {
    changed: u32,
    zero: u32,
    non_finite: u32,
    first_non_finite: u32,
    // Slices whose radius, in memory, is none.
    invalid: u32,
    // Finite slices whose direction is none.
    degenerate: u32,
    // Indices that name no row, and those of a row that another owns.
    out_of_range: u32,
    repeated: u32,
    // The largest power of the norm of a finite slice: mantissa · (2^DEGREE)^exponent.
    largest: Number,
    largest_exponent: Whole,
    // The sum of the norms of finite slices: norms · 2^norms_exponent.
    norms: Number,
    norms_exponent: Whole,
    // Where radii are in memory, the smallest factor: factor · 2^factor_exponent.
    factor: Number,
    factor_exponent: Whole,
}

@group(0) @binding(4) var<storage, read> verdicts: array<Accumulator>;
@group(0) @binding(5) var<storage, read_write> summaries: array<Summary>;

// Slices between two cascades of the sum.
const CASCADE = 32u;

@compute @workgroup_size(LANES)
fn summary(@builtin(global_invocation_id) invocation: vec3<u32>) {
    let index = invocation.x;
    if index >= params.summaries {
        return;
    }
    var own = Summary(
        0u, 0u, 0u, 0xffffffffu, 0u, 0u, 0u, 0u, 0.0, NO_EXPONENT, 0.0, NO_EXPONENT, 1.0, 0);
    var slice = index * SLICES;
    while slice < params.slices {
        var block = Number(0.0);
        var block_exponent = Whole(NO_EXPONENT);
        for (var i = 0u; i < CASCADE && slice < params.slices; i++) {
            if !is_touched(slice) {
                own.out_of_range += u32(is_beyond(slice));
                own.repeated += u32(!is_beyond(slice));
                slice += params.summaries * SLICES;
                continue;
            }
            let total = verdicts[slice / SLICES];
            let rule = rule_for(total, slice);
            let invalid = !is_radius(slice);
            let factor = factor_of(rule);
            let power = finish(total);
            let roots = root(power.mantissa);
            for (var s = 0u; s < SLICES; s++) {
                let largest = slice_magnitude(magnitude_of(total), s);
                let changed = slice_violates(rule.violates & !rule.fill.replaced, s);
                own.changed += u32(changed);
                own.invalid += u32(slice_violates(invalid, s));
                if RADII && changed {
                    shrink_factor(&own, slice_sum(factor.mantissa, s), slice_exponent(factor.exponent, s));
                }
                if largest > LARGEST_FINITE {
                    own.non_finite++;
                    own.first_non_finite = min(own.first_non_finite, number_of(slice) + s);
                    continue;
                }
                own.zero += u32(largest == Word(0u));
                own.degenerate += u32(slice_violates(degenerate(total), s));
                let exponent = slice_exponent(power.exponent, s);
                let mantissa = slice_sum(power.mantissa, s);
                if slice_sum(power_of(total), s) == 0.0 {
                    continue;
                }
                if exponent > own.largest_exponent
                    || (exponent == own.largest_exponent && mantissa > own.largest) {
                    own.largest = mantissa;
                    own.largest_exponent = exponent;
                }
                let shared_exponent = max(block_exponent, exponent);
                block = times_two_to(block, block_exponent - shared_exponent)
                    + times_two_to(slice_sum(roots, s), exponent - shared_exponent);
                block_exponent = shared_exponent;
            }
            slice += params.summaries * SLICES;
        }
        let shared_exponent = max(own.norms_exponent, block_exponent);
        own.norms = times_two_to(own.norms, own.norms_exponent - shared_exponent)
            + times_two_to(block, block_exponent - shared_exponent);
        own.norms_exponent = shared_exponent;
    }
    summaries[params.first_summary + index] = own;
}

// The smaller of two factors; they are normal numbers, or zero.
fn shrink_factor(own: ptr<function, Summary>, mantissa: Number, exponent: Whole) {
    let none = mantissa == Number(0.0);
    let field = (bitcast<Whole>(mantissa) >> FIELD_PLACE) - Whole(BIAS);
    let whole = select(field, Whole(NO_EXPONENT), none);
    let at = select(exponent + whole, Whole(NO_EXPONENT), none);
    let bits = bitcast<Whole>(mantissa) - (whole << FIELD_PLACE);
    let part = select(bitcast<Number>(bits), Number(0.0), none);
    let less = at < (*own).factor_exponent
        || (at == (*own).factor_exponent && part < (*own).factor);
    if less {
        (*own).factor = part;
        (*own).factor_exponent = at;
    }
}

// x · 2^shift for x >= 0 and shift <= 0; what would be subnormal is zero.
fn times_two_to(x: Number, shift: Whole) -> Number {
    let field = bitcast<Whole>(x) >> FIELD_PLACE;
    return select(
        Number(0.0), bitcast<Number>(bitcast<Whole>(x) + (shift << FIELD_PLACE)), field + shift > 0);
}

// The height at which elements end is sought in the registers that hold them.

fn searched(start: Rule, held: Held, here: Place, lane: u32, position: u32) -> Rule {
    var rule = start;
    rule.seeking = rule.seeking & Truth(here.inside);
    for (var round = 0u; round < params.rounds; round++) {
        if !any_lane(lane, any_slice(rule.seeking)) {
            break;
        }
        let own = held_tally(held, here, position, rule);
        rule = advanced(rule, reduce_tally(fold_tally(own), lane, position));
    }
    return rule;
}

// Whether a load is one of a slice; those past its end are zeros.
fn counts(here: Place, step: u32) -> bool { return here.inside && step < params.steps; }

fn extremes_if(inside: bool, bits: Bits) -> Extremes {
    if inside {
        return extremes(bits);
    }
    return no_extremes();
}

fn tally_if(inside: bool, bits: Bits, rule: Rule) -> LaneTally {
    if inside {
        return tally_of(bits, rule);
    }
    return LaneTally(Real(0.0), Bits(0u));
}

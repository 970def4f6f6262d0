// Newton's method for what remains of the greatest height (set/shrink): the sum of what remains of
// all is convex in it, piecewise linear, and its slope is the number of elements that remain. From
// the right every step is too short, so that it converges in about log₂ of their number.

// What a search keeps between two dispatches.
struct State {
    reach: Sum,
    rest: Sum,
    seeking: Magnitude,
}

// The sum of what remains, in the unit of the rule, and the number of elements of which something does.
struct Tally {
    sum: Sum,
    count: Magnitude,
}

struct LaneTally {
    sum: Real,
    count: Bits,
}

// Steps under this part of `reach` go to `rest`, where they are not rounded away.
const SMALL = 1.52587890625e-5;
// The least part of `reach` that a step leaves: a rounded step must not leave nothing.
const LEAST = 9.5367431640625e-7;

fn state_of(rule: Rule) -> State {
    return State(rule.reach, rule.rest, select(Magnitude(0u), Magnitude(1u), rule.seeking));
}

fn with_state(rule: Rule, state: State) -> Rule {
    var resumed = rule;
    resumed.reach = state.reach;
    resumed.rest = state.rest;
    resumed.seeking = state.seeking != Magnitude(0u);
    return resumed;
}

fn tally_of(bits: Bits, rule: Rule) -> LaneTally {
    let rest = remaining(bits, rule);
    let part = real(shifted(bitcast<Bits>(rest), spread_exponent(-rule.unit)));
    return LaneTally(part, select(Bits(0u), Bits(1u), rest > Real(0.0)));
}

fn add_tallies(a: LaneTally, b: LaneTally) -> LaneTally {
    return LaneTally(a.sum + b.sum, a.count + b.count);
}

fn fold_tally(own: LaneTally) -> Tally { return Tally(fold_sum(own.sum), fold_count(own.count)); }

// x · 2^unit. A product would be free to be taken before the quotient, and overflow.
fn in_ones(x: Sum, unit: Exponent) -> Sum {
    let field = Exponent((bitcast<Magnitude>(x) >> SlicePlace(FIELD_PLACE)) & Magnitude(FIELDS));
    let moved = bitcast<Sum>(bitcast<Exponent>(x) + (unit << SlicePlace(FIELD_PLACE)));
    return select(Sum(0.0), moved, (field > Exponent(0)) & (field + unit > Exponent(0)));
}

fn advanced(rule: Rule, tally: Tally) -> Rule {
    let near = (tally.sum >= rule.aim * params.near_low) & (tally.sum <= rule.aim * params.near_high);
    let count = max(Sum(tally.count), Sum(1.0));
    let step = in_ones((tally.sum - rule.aim) / count, rule.unit);
    let small = abs(step) < rule.reach * SMALL;
    let moves = rule.seeking & !near;
    let reach = max(rule.reach - step, rule.reach * LEAST);
    var next = rule;
    next.reach = select(rule.reach, reach, moves & !small);
    next.rest = select(rule.rest, rule.rest - step, moves & small);
    next.seeking = moves;
    return next;
}

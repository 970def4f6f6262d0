// Hyperplanes, half-spaces and lines: how far a slice moves along its direction.

// Where a plane lies along the direction.
struct Offset {
    power: Power,
    negative: Truth,
}

struct Rule {
    // Whether the slice is written: moved, or replaced.
    violates: Truth,
    moves: Truth,
    // What is added is direction · scale · 2^exponent, the scale in [1, 2) but for its sign, or zero.
    scale: Sum,
    exponent: Exponent,
    fill: Fill,
}

const HALF_SPACE = 1u;
const LINE = 2u;
// A power of two that takes every number out of the range.
const FARTHEST = 2 * FIELDS + 90;
// An exponent below that of every number but one of the parameters.
const FAR_BELOW = -1048576;

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let none = total.dot == Sum(0.0);
    let product = product_of(total);
    let own = select(product.exponent, Exponent(FAR_BELOW), none);
    let mantissa = select(product.mantissa, -product.mantissa, total.dot < Sum(0.0));
    let plane = offset_of(slice);
    let offset = select(plane.power.mantissa, -plane.power.mantissa, plane.negative);
    let unit = max(own, plane.power.exponent);
    let difference = moved(select(mantissa, Sum(0.0), none), own - unit)
        - moved(offset, plane.power.exponent - unit);
    let squares = squares_of(total);
    let quotient = difference / squares.mantissa;
    let still = difference == Sum(0.0);
    let part = normal(abs(quotient), unit - squares.exponent);
    let toward = (quotient < Sum(0.0)) != Truth(params.plane == LINE);
    let above = (difference > Sum(0.0)) | Truth(params.plane != HALF_SPACE);
    let outside = above & (!still | Truth(params.plane == LINE));
    let finite = total.largest <= Magnitude(LARGEST_FINITE);
    let valid = is_radius(slice);
    let moves = outside & finite & valid & !degenerate(total);
    let fill = fill_for(total.largest, valid);
    return Rule(
        moves | fill.replaced,
        moves,
        select(select(-part.mantissa, part.mantissa, toward), Sum(0.0), still),
        select(clamp(part.exponent, Exponent(-FARTHEST), Exponent(FARTHEST)), Exponent(0), still),
        fill,
    );
}

fn factor_of(rule: Rule) -> Power { return spread_power(1.0, 0); }

// An element moved along its direction. Where the way there leads through numbers beyond f32, both parts
// are taken in units of 2^8; a result beyond the dtype is its largest number.

const DROP = 8;

fn project(bits: Bits, other: Bits, rule: Rule) -> Bits {
    let scale = spread_sum(rule.scale);
    let exponent = spread_exponent(rule.exponent);
    let along = Integer((other >> LoadPlace(FIELD_PLACE)) & Bits(FIELDS));
    // Nothing moves along a zero, however far: in units of 2^8 a small element would be lost.
    let field = select(along + exponent, Integer(0), along == Integer(0));
    let own_field = Integer((bits >> LoadPlace(FIELD_PLACE)) & Bits(FIELDS));
    let high = (field > Integer(FIELDS - 15)) | (own_field > Integer(FIELDS - 15));
    let drop = select(Integer(0), Integer(DROP), high);
    // A product of more than twice all numbers.
    let beyond = (field >= Integer(FIELDS + 2)) & spread_truth(rule.scale != Sum(0.0));
    let product = real(scaled(other, select(exponent - drop, Integer(0), beyond), scale));
    let kept = select(real(shifted(bits, -drop)), Real(0.0), params.plane == LINE);
    let sum = bitcast<Bits>(kept + product);
    let sum_field = Integer((sum >> LoadPlace(FIELD_PLACE)) & Bits(FIELDS));
    let whole = select(sum & Bits(SIGN), sum + (bitcast<Bits>(drop) << LoadPlace(FIELD_PLACE)),
        sum_field > Integer(0));
    let lifted = select(sum, whole, high);
    let over = beyond | (sum_field + drop > Integer(FIELDS - 1));
    let sign = (select(sum, other ^ bitcast<Bits>(scale), beyond)) & Bits(SIGN);
    let magnitude = min(select(lifted & Bits(MAGNITUDE), Bits(LARGEST), over), Bits(LARGEST));
    return filled(bits, select(bits, sign | magnitude, spread_truth(rule.moves)), rule.fill);
}

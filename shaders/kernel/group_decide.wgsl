// Second dispatch: a workgroup for each norm puts its partial sums together, and leaves the results
// where the caller's kernels read them.

@group(0) @binding(3) var<storage, read_write> verdicts: array<Accumulator>;
@group(0) @binding(7) var<storage, read_write> results: array<Word>;

@compute @workgroup_size(LANES)
fn group_decide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    let segment = min(index, params.segments - 1u);
    let total = reduce(total_of(segment, lane), lane, lane);
    if lane != 0u || index >= params.segments || rim_of(segment) != params.rim {
        return;
    }
    verdicts[segment] = total;
    let power = finish(total);
    let rule = rule_for(total, segment);
    let usable = total.exponent != NO_NORM;
    let norm =
        norm_bits(root(power.mantissa), power.exponent, power_of(total), total.largest);
    results[segment] = select(NAN, norm, usable);
    let scaled = rule.violates && !rule.fill.replaced;
    results[params.region + segment] = select(ONE, float_bits(rule.scale, rule.exponent), scaled);
    let half = norm_bits(power.mantissa, DEGREE * power.exponent - 1, power_of(total), total.largest);
    results[2u * params.region + segment] = select(NAN, half, usable);
    let finite = usable && total.largest <= LARGEST_FINITE;
    results[3u * params.region + segment] = select(ONE, Word(0u), finite);
}

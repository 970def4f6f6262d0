// One radius for all slices: the rim of those that are too short.

fn lower_rim(slice: u32) -> Rim {
    return Rim(
        spread_power(params.low_threshold, params.low_threshold_exponent),
        spread_power(params.low_radius, params.low_radius_exponent),
    );
}

fn is_turned(slice: u32) -> Truth { return Truth(false); }

fn basis_at(slice: u32) -> Magnitude { return Magnitude(params.basis); }

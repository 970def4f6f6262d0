// One radius for all slices: its rim is a parameter.

const RADII = false;

fn upper_rim(slice: u32) -> Rim {
    return Rim(
        spread_power(params.threshold, params.threshold_exponent),
        spread_power(params.radius, params.radius_exponent),
    );
}

fn is_radius(slice: u32) -> Truth { return Truth(true); }

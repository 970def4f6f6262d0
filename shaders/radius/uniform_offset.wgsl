// One plane for all slices.

const RADII = false;

fn is_radius(slice: u32) -> Truth { return Truth(true); }

fn offset_of(slice: u32) -> Offset {
    let mantissa = Sum(abs(params.radius));
    return Offset(Power(mantissa, Exponent(params.radius_exponent)), Truth(params.radius < 0.0));
}

// The norm was given by the host.

fn rim_of(index: u32) -> u32 { return params.rim; }

fn total_of(index: u32, lane: u32) -> Accumulator {
    if lane != 0u {
        return identity();
    }
    return of_norm(params.given, Whole(params.given_exponent));
}

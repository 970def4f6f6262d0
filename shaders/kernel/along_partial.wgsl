// First of two dispatches: the partial sums of a chunk of each slice and its direction.

@group(0) @binding(3) var<storage, read_write> partials: array<Accumulator>;

// Terms of a lane between two cascades, as in kernel/partial.
const CASCADE = 16u;

@compute @workgroup_size(LANES)
fn along_partial(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    let chunk = index / params.tiles;
    let here = place(index % params.tiles, lane);
    let position = fan_position(lane);
    var first = chunk * params.chunk;
    var last = min(first + params.chunk, params.steps);
    // Workgroups past the last chunk, and lanes past the last slice, have nothing to add.
    if !here.inside || chunk >= params.chunks {
        first = 0u;
        last = 0u;
    }
    let total = reduce(scan(here, direction_of(here), first + position, last), lane, position);
    if here.inside && position == 0u && chunk < params.chunks {
        partials[((params.first_chunk + chunk) * params.slices + here.slice) / SLICES] = total;
    }
}

fn scan(here: Place, origin: u32, first: u32, last: u32) -> Accumulator {
    var dot = Real(0.0);
    var squares = Real(0.0);
    var largest = Bits(0u);
    var direction = Bits(0u);
    var step = first;
    while step < last {
        let stop = min(last, step + CASCADE * FAN);
        var block = Real(0.0);
        var square = Real(0.0);
        while step + FAN < stop {
            let a = load(source_at(here, step));
            let b = load(source_at(here, step + FAN));
            let c = load_direction(direction_at(origin, step));
            let d = load_direction(direction_at(origin, step + FAN));
            block += real(a) * real(c) + real(b) * real(d);
            square += real(c) * real(c) + real(d) * real(d);
            largest = max(largest, max(a & Bits(MAGNITUDE), b & Bits(MAGNITUDE)));
            direction = max(direction, max(c & Bits(MAGNITUDE), d & Bits(MAGNITUDE)));
            step += 2u * FAN;
        }
        if step < stop {
            let a = load(source_at(here, step));
            let c = load_direction(direction_at(origin, step));
            block += real(a) * real(c);
            square += real(c) * real(c);
            largest = max(largest, a & Bits(MAGNITUDE));
            direction = max(direction, c & Bits(MAGNITUDE));
            step += FAN;
        }
        dot += block;
        squares += square;
    }
    let own = fold_largest(largest);
    let other = fold_largest(direction);
    let total = Accumulator(fold_sum(dot), fold_sum(squares), own, other);
    if any_slice((lane_unit(own) != Exponent(0)) | (lane_unit(other) != Exponent(0))) {
        return scan_shifted(here, origin, first, last, total);
    }
    return total;
}

// The chunk again, for the lanes whose products would leave the range of f32.
fn scan_shifted(here: Place, origin: u32, first: u32, last: u32, seen: Accumulator) -> Accumulator {
    let shift = spread_exponent(-lane_unit(seen.largest));
    let along = spread_exponent(-lane_unit(seen.direction));
    var dot = Real(0.0);
    var squares = Real(0.0);
    var step = first;
    while step < last {
        let stop = min(last, step + CASCADE * FAN);
        var block = Real(0.0);
        var square = Real(0.0);
        while step < stop {
            let a = real(shifted(load(source_at(here, step)), shift));
            let c = real(shifted(load_direction(direction_at(origin, step)), along));
            block += a * c;
            square += c * c;
            step += FAN;
        }
        dot += block;
        squares += square;
    }
    return Accumulator(fold_sum(dot), fold_sum(squares), seen.largest, seen.direction);
}

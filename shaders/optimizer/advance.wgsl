// The numbers of the next step, made of those of the optimizer and of what is on the device: the learning rate, a
// factor of the gradient, and whether the step is skipped.

struct Settings {
    scale: Number, decay: Number,
    // 0 for gradient descent, 1 for a momentum, 2 for Adam.
    method: Number,
    // Whether a decay is apart from the gradient, whether a momentum holds the rate, and whether it is Nesterov's.
    decoupled: Number, rate_inside: Number, nesterov: Number,
    // The part that is remembered of a moment, and the part that is taken of the gradient, from the second time on.
    first: Number, first_gradient: Number,
    second: Number, second_gradient: Number,
    epsilon: Number,
    // Whether gradients are divided by the factor.
    divides: Number,
}

// What is counted: 1 - β^t of both moments, as sums, because a difference would lose what is small of it.
struct Count {
    first: Number,
    second: Number,
    steps: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> count: Count;
@group(0) @binding(2) var<storage, read_write> numbers: Coefficients;
@group(0) @binding(3) var<storage, read> rates: array<Number>;
@group(0) @binding(4) var<storage, read> factors: array<Number>;
@group(0) @binding(5) var<storage, read> flags: array<Number>;

@compute @workgroup_size(1)
fn advance() {
    if flags[0] != Number(0.0) {
        numbers.skip = Number(1.0);
        return;
    }
    let rate = rates[0];
    let is_first = count.steps == 0u;
    count.steps += u32(count.steps < 0xffffffffu);
    let apart = settings.decoupled != Number(0.0);
    var next = Coefficients();
    next.scale = settings.scale * factors[0];
    if settings.divides != Number(0.0) {
        // What has no norm is nothing.
        let none = factors[0] == Number(0.0);
        next.scale = select(settings.scale / factors[0], Number(0.0), none);
    }
    next.decay = select(settings.decay, Number(0.0), apart);
    next.keep = select(Number(1.0), Number(1.0) - rate * settings.decay, apart);
    next.rate = -rate;
    if settings.method == Number(1.0) {
        let inside = settings.rate_inside != Number(0.0);
        let nesterov = settings.nesterov != Number(0.0);
        // The first gradient is taken whole.
        let part = select(settings.first_gradient, Number(1.0), is_first);
        next.first = settings.first;
        next.first_gradient = select(part, -rate * part, inside);
        next.rate = select(-rate, Number(1.0), inside);
        next.pull = select(Number(1.0), settings.first, nesterov);
        next.push = select(Number(0.0), select(Number(1.0), -rate, inside), nesterov);
    }
    if settings.method == Number(2.0) {
        count.first += (Number(1.0) - count.first) * settings.first_gradient;
        count.second += (Number(1.0) - count.second) * settings.second_gradient;
        next.rate = -rate / count.first;
        next.first = settings.first;
        next.first_gradient = settings.first_gradient;
        next.second = settings.second;
        next.second_gradient = settings.second_gradient;
        next.root = Number(1.0) / sqrt(count.second);
        next.epsilon = settings.epsilon;
    }
    numbers = next;
}

// The numbers of a step of an optimizer, the same for all weights.

struct Coefficients {
    // What is taken for the gradient is scale · g + decay · w.
    scale: Number, decay: Number,
    // A weight becomes keep · w + rate · d, d its direction.
    keep: Number, rate: Number,
    // The first moment becomes first · m + first_gradient · g.
    first: Number, first_gradient: Number,
    // The direction of momentum is pull · m + push · g.
    pull: Number, push: Number,
    // The second moment becomes second · s + second_gradient · g².
    second: Number, second_gradient: Number,
    // The direction of Adam is m / (root · √s + epsilon).
    root: Number, epsilon: Number,
    // Whether nothing is updated or projected; 0 if not.
    skip: Number,
}

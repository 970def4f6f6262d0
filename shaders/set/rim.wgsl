// What a slice is compared with and scaled to.

struct Rim {
    // Compared with the power of its norm.
    threshold: Power,
    // The norm that it goes to.
    goal: Power,
}

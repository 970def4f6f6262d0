// An exponent that marks a norm that is none: the group is left as it is, and flagged. Above all
// others, so that it outlasts the reduction.

const NO_NORM = 2000;

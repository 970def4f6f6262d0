// The power of a norm that is given, where whole powers are summed.

fn power_from(root: Number) -> Number { return select(root, root * root, DEGREE == 2); }

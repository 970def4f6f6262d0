// The norm alone decides: nothing is sought in registers.
fn searched(rule: Rule, held: Held, here: Place, lane: u32, position: u32) -> Rule { return rule; }

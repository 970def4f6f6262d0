// What is done to an element is short whatever the rule: there is one way.

fn is_plain(rule: Rule) -> bool { return true; }

fn plainly(bits: Bits, step: u32, rule: Rule) -> Bits { return project(bits, step, rule); }

// The search goes on from dispatch to dispatch.

@group(0) @binding(7) var<storage, read> states: array<State>;

fn resumed(rule: Rule, here: Place) -> Rule {
    if !here.inside {
        return rule;
    }
    return with_state(rule, states[here.slice / SLICES]);
}

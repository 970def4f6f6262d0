// Some steps of a slice, rewritten where the rule is not plain. That is rare: the text is not repeated for
// each register or load, because programs that start are fetched from memory, too.

fn rewrite_odd(here: Place, rule: Rule, first: u32, last: u32, stride: u32) {
    for (var step = first; step < last; step += stride) {
        store(target_at(here, step), project(load(source_at(here, step)), step, rule));
    }
}

// Some steps of a slice, rewritten: every so many from the first, backward, because what was read last is
// still in cache.

fn rewrite(here: Place, rule: Rule, first: u32, last: u32, stride: u32) {
    if first >= last {
        return;
    }
    if !is_plain(rule) {
        rewrite_odd(here, rule, first, last, stride);
        return;
    }
    var step = first + (last - 1u - first) / stride * stride;
    while step >= first + 3u * stride {
        let a = load(source_at(here, step));
        let b = load(source_at(here, step - stride));
        let c = load(source_at(here, step - 2u * stride));
        let d = load(source_at(here, step - 3u * stride));
        store(target_at(here, step), plainly(a, step, rule));
        store(target_at(here, step - stride), plainly(b, step - stride, rule));
        store(target_at(here, step - 2u * stride), plainly(c, step - 2u * stride, rule));
        store(target_at(here, step - 3u * stride), plainly(d, step - 3u * stride, rule));
        // The smallest step handled is `step - 3·stride`; stop before the index would wrap.
        if step < first + 4u * stride {
            return;
        }
        step -= 4u * stride;
    }
    loop {
        store(target_at(here, step), plainly(load(source_at(here, step)), step, rule));
        if step < first + stride {
            return;
        }
        step -= stride;
    }
}

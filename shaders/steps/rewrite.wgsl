// Some steps of a slice, rewritten: every so many from the first, backward, because what was read last is
// still in cache.

fn rewrite(here: Place, rule: Rule, first: u32, last: u32, stride: u32) {
    if first >= last {
        return;
    }
    var step = first + (last - 1u - first) / stride * stride;
    while step >= first + 3u * stride {
        let a = load(source_at(here, step));
        let b = load(source_at(here, step - stride));
        let c = load(source_at(here, step - 2u * stride));
        let d = load(source_at(here, step - 3u * stride));
        store(target_at(here, step), project(a, step, rule));
        store(target_at(here, step - stride), project(b, step - stride, rule));
        store(target_at(here, step - 2u * stride), project(c, step - 2u * stride, rule));
        store(target_at(here, step - 3u * stride), project(d, step - 3u * stride, rule));
        // The smallest step handled is `step - 3·stride`; stop before the index would wrap.
        if step < first + 4u * stride {
            return;
        }
        step -= 4u * stride;
    }
    loop {
        store(target_at(here, step), project(load(source_at(here, step)), step, rule));
        if step < first + stride {
            return;
        }
        step -= stride;
    }
}

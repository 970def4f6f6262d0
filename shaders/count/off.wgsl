// Nothing is counted.

fn count_load() {}
fn count_store() {}
fn count_change() {}
fn count_copy() {}

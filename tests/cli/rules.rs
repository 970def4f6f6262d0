//! Files of rules that make no sense: one line with the file, the line and what is wrong.

use crate::support::{Place, f32s, plain};

fn place() -> Place {
    let place = Place::new();
    let parts = [f32s("dense.kernel", &[1, 2], &[3.0, 4.0]), f32s("dense.bias", &[2], &[1.0; 2])];
    place.write("in.safetensors", &plain(&parts));
    place
}

const RUN: [&str; 5] = ["apply", "rules.toml", "in.safetensors", "-o", "out"];

#[track_caller]
fn refused(rules: &str, text: &str) {
    let place = place();
    place.write("rules.toml", rules.as_bytes());
    let text = format!("error: rules.toml:{text}");
    place.fails(&RUN, 1, &text);
    place.fails(&["apply", "rules.toml", "in.safetensors", "--explain"], 1, &text);
}

/// A rule that starts in line 3.
#[track_caller]
fn refused_rule(rule: &str, text: &str) {
    refused(&format!("# rules\n\n[[rule]]\nmatch = '*'\n{rule}"), text);
}

#[test]
fn what_is_no_toml() {
    refused("rule = [", "1: ");
    refused("[[rule]]\nmatch = '*'\nleave = true\nleave = true", "4: duplicate key");
    refused("\n\nmatch = *", "3: ");
    refused("", " there is no [[rule]] in it");
    refused("ignore-case = true", " there is no [[rule]] in it");
}

#[test]
fn keys_that_there_are_not() {
    refused_rule(
        "max-nrom = 3",
        "5: unknown field `max-nrom`, expected one of `match`, `max-norm`",
    );
    refused("ignorecase = true\n", "1: unknown field `ignorecase`");
    refused(
        "[[rules]]\nmatch = '*'\n",
        "1: unknown field `rules`, expected `ignore-case` or `rule`",
    );
    refused("\n[[rule]]\nleave = true", "2: missing field `match`");
    refused("[rule]\nmatch = '*'", "1: invalid type: map, expected a sequence");
}

#[test]
fn values_that_make_no_sense() {
    refused_rule("max-norm = 'three'\naxis = 0", "5: invalid type: string \"three\", expected f64");
    refused_rule("clip-value = [1]", "5: invalid length 1, expected an array of length 2");
    refused_rule("max-norm = 1\naxis = 'none'", "6: expected axes such as 0, -1 or 0,1,2, or all");
    refused_rule(
        "max-norm = 1\naxis = 0.5",
        "6: expected axes such as 0, -1 or [0, 1], or \"all\"",
    );
    refused_rule("max-norm = 1\nper-unit = 'jax'", "6: expected keras, torch or burn");
    refused_rule("clip-norm = 1\nnorm = 'l3'", "6: expected l1, l2, linf or a number p");
    refused_rule("clip-norm = 1\ncompat = 'jax'", "6: expected keras, tensorflow");
    refused_rule("clip-norm = 1\non-non-finite = 'skip'", "6: expected leave, zero, propagate");
    refused_rule("clip-norm = 1\nrounding = 'up'", "6: expected feasible, nearest or toward-zero");
    refused_rule("max-norm = -1\naxis = 0", "3: the radius is -1; it must be 0 or more");
    refused_rule("clip-global-norm = nan", "3: the radius is NaN; it must be 0 or more");
    refused_rule("clip-value = [1, 0]", "3: the bounds are 1 and 0;");
    refused_rule("min-max-norm = [1, 2]\naxis = 0\nrate = 2", "3: the rate is 2;");
    refused_rule("min-max-norm = 1\naxis = 0", "5: invalid type: integer `1`, expected an array");
    refused_rule("unit-norm = 1\naxis = 0", "5: invalid type: integer `1`, expected a boolean");
    refused_rule("unit-norm = true\naxis = 0\nzero = 'e2'", "7: expected keep or e1");
    refused_rule("unit-norm = true\naxis = 0\nzero = []", "7: expected a string or a number");
    refused_rule("clip-norm = 1\nnorm = -1", "6: p is -1; it must be in 1/64..=64");
    refused_rule("ball = 1\naxis = 0\nnorm = 3", "3: there is no Euclidean projection in L3");
    refused_rule("clip-rms = 1\ncompat = 'keras'", "3: keras has no counterpart of clip by root");
    refused("[[rule]]\nmatch = 'a['\nleave = true", "1: `a[` is no pattern");
}

#[test]
fn rules_that_contradict_themselves() {
    refused_rule("", "3: the rule says nothing; it needs one of max-norm, unit-norm, min-max-norm");
    refused_rule(
        "max-norm = 1\naxis = 0\nleave = true",
        "3: one rule says one thing, not leave and max-norm",
    );
    refused_rule("max-norm = 1", "3: max-norm needs axis, keep or per-unit");
    refused_rule(
        "max-norm = 1\naxis = 0\nkeep = 1",
        "3: axis, keep and per-unit exclude each other",
    );
    refused_rule("ball = 1\naxis = 0\ncompat = 'keras'", "3: ball has no compat");
    refused_rule("non-negative = true\naxis = 0", "3: non-negative has no axis");
    refused_rule("clip-global-norm = 1\naxis = 0", "3: clip-global-norm has no axis");
    refused_rule("clip-value = [0, 1]\nnorm = 'l2'", "3: clip-value has no norm");
    refused_rule("leave = true\nper-unit = 'keras'", "3: leave has no per-unit");
    refused_rule("tied = false", "5: tied is true, or it is not said");
    refused_rule("unit-norm = false\naxis = 0", "5: unit-norm is true, or it is not said");
}

#[test]
fn rules_that_do_not_fit_the_tensors() {
    let first = "[[rule]]\nmatch = '*kernel'\nleave = true\n";
    refused(
        &format!("{first}\n[[rule]]\nmatch = '*lstm*'\nleave = true"),
        "5: `*lstm*` matches no tensor",
    );
    refused(
        &format!("{first}\n[[rule]]\nmatch = 'dense.k*'\nclip-norm = 1"),
        "5: `dense.k*` matches only tensors that earlier rules take (`dense.kernel` goes to `*kernel`)",
    );
    refused("[[rule]]\nmatch = '*Kernel'\nleave = true", "1: `*Kernel` matches no tensor");
    refused_rule(
        "max-norm = 1\nper-unit = 'keras'",
        " `dense.bias`: axes per unit need rank 2 or more; the tensor has shape [2]",
    );
    refused_rule(
        "max-norm = 1\naxis = 1",
        " `dense.bias`: the tensor has shape [2]; axis 1 is not in",
    );
    let place = place();
    let rules = "ignore-case = true\n[[rule]]\nmatch = '*Kernel'\nclip-norm = 1";
    place.write("rules.toml", rules.as_bytes());
    assert_eq!(place.json(&RUN)["tensors"].as_array().unwrap().len(), 1);
}

#[test]
fn files_that_are_no_rules() {
    let place = place();
    place.fails(&RUN, 1, "rules.toml: no such file");
    place.write("rules.toml", &[0xff, 0xfe]);
    place.fails(&RUN, 1, "rules.toml: not text; name a .toml file of rules");
    place.write("rules.toml", &vec![b'#'; (1 << 20) + 1]);
    place.fails(&RUN, 1, "rules.toml: 1048577 bytes are too many for a .toml file of rules");
    place.fails(&["apply", ".", "in.safetensors", "-o", "o"], 1, ".: not a regular file");
    place.write("rules.toml", b"[[rule]]\nmatch = '*'\nleave = true");
    place.fails(&RUN[..3], 2, "say where the result goes: -o PATH, or --in-place");
    place.fails(&["apply", "rules.toml", "none.safetensors", "-o", "o"], 1, "no such file");
}

//! The registers of a resident lane, as WGSL.

use crate::shader::variant::{Optimizer, SetKind, Variant};

/// The loads that a resident lane holds, each in a register with a name: arrays that are indexed at
/// run time, or in loops that a driver does not unroll, would go to memory.
pub(super) fn text(variant: &Variant) -> String {
    let Variant { held, set, optimizer, .. } = *variant;
    let each = |text: &dyn Fn(u32) -> String, between: &str| {
        (0..held).map(text).collect::<Vec<_>>().join(between)
    };
    let fields = each(&|i| format!("    r{i}: Bits,\n"), "");
    let loads = each(&|i| format!("load_step(here, position + {i}u * FAN)"), ", ");
    // Loads past the end of a slice are zeros: nothing to a sum of magnitudes, but they would exceed
    // negative elements, and grow.
    let masked = set == SetKind::Shrink;
    let counts = |i: u32| format!("counts(here, position + {i}u * FAN)");
    let extremes = (1..held).fold(extremes(0, masked.then(|| counts(0))), |text, i| {
        format!("wider({text}, {})", extremes(i, masked.then(|| counts(i))))
    });
    let sum = pairwise(0, held, &plus, &|i| format!("term(held.r{i})"));
    let shifted = pairwise(0, held, &plus, &|i| format!("term(shifted(held.r{i}, shift))"));
    let stores = each(
        &|i| {
            let step = format!("position + {i}u * FAN");
            format!("    store_step(here, {step}, plainly(held.r{i}, {step}, rule));\n")
        },
        "",
    );
    // Without a step memory has what registers have.
    let kept = match optimizer {
        Optimizer::None => String::new(),
        _ => each(&|i| format!("    store_step(here, position + {i}u * FAN, held.r{i});\n"), ""),
    };
    let mut text = format!(
        "
struct Held {{
{fields}}}

fn hold(here: Place, position: u32) -> Held {{ return Held({loads}); }}
fn held_extremes(held: Held, here: Place, position: u32) -> Extremes {{ return {extremes}; }}
fn held_sum(held: Held) -> Real {{ return {sum}; }}
fn held_sum_shifted(held: Held, shift: Integer) -> Real {{ return {shifted}; }}
fn release(here: Place, position: u32, held: Held, rule: Rule) {{
{stores}}}
fn keep(here: Place, position: u32, held: Held) {{
{kept}}}
"
    );
    if masked {
        let join = |a: String, b: String| format!("add_tallies({a}, {b})");
        let one = |i: u32| format!("tally_if({}, held.r{i}, rule)", counts(i));
        let tally = pairwise(0, held, &join, &one);
        text.push_str(&format!(
            "fn held_tally(held: Held, here: Place, position: u32, rule: Rule) -> LaneTally \
             {{ return {tally}; }}\n"
        ));
    }
    text
}

/// The same of a slice and its direction.
pub(super) fn pairs(held: u32) -> String {
    let each = |text: &dyn Fn(u32) -> String, between: &str| {
        (0..held).map(text).collect::<Vec<_>>().join(between)
    };
    let most = |a: String, b: String| format!("max({a}, {b})");
    let fields = each(&|i| format!("    r{i}: Bits,\n    d{i}: Bits,\n"), "");
    let step = |i: u32| format!("position + {i}u * FAN");
    let loads = each(
        &|i| format!("load_step(here, {0}), load_along(here, first, {0})", step(i)),
        ",\n        ",
    );
    let magnitude =
        |name: &str| pairwise(0, held, &most, &|i| format!("(held.{name}{i} & Bits(MAGNITUDE))"));
    let (largest, direction) = (magnitude("r"), magnitude("d"));
    let product = |a: String, b: String| format!("({a} * {b})");
    let plain = |name: &str, i: u32| format!("real(held.{name}{i})");
    let moved = |name: &str, i: u32, by: &str| format!("real(shifted(held.{name}{i}, {by}))");
    let dot = pairwise(0, held, &plus, &|i| product(plain("r", i), plain("d", i)));
    let squares = pairwise(0, held, &plus, &|i| product(plain("d", i), plain("d", i)));
    let dot_shifted =
        pairwise(0, held, &plus, &|i| product(moved("r", i, "shift"), moved("d", i, "along")));
    let squares_shifted =
        pairwise(0, held, &plus, &|i| product(moved("d", i, "along"), moved("d", i, "along")));
    let stores = each(
        &|i| format!("    store_step(here, {}, project(held.r{i}, held.d{i}, rule));\n", step(i)),
        "",
    );
    format!(
        "
struct Held {{
{fields}}}

fn hold(here: Place, first: u32, position: u32) -> Held {{
    return Held({loads});
}}
fn held_largest(held: Held) -> Bits {{ return {largest}; }}
fn held_direction(held: Held) -> Bits {{ return {direction}; }}
fn held_dot(held: Held) -> Real {{ return {dot}; }}
fn held_squares(held: Held) -> Real {{ return {squares}; }}
fn held_dot_shifted(held: Held, shift: Integer, along: Integer) -> Real {{ return {dot_shifted}; }}
fn held_squares_shifted(held: Held, along: Integer) -> Real {{ return {squares_shifted}; }}
fn release(here: Place, position: u32, held: Held, rule: Rule) {{
{stores}}}
"
    )
}

fn extremes(i: u32, counts: Option<String>) -> String {
    match counts {
        None => format!("extremes(held.r{i})"),
        Some(counts) => format!("extremes_if({counts}, held.r{i})"),
    }
}

fn plus(a: String, b: String) -> String {
    format!("({a} + {b})")
}

/// A sum as a balanced tree, so that its longest chain is the logarithm of its length.
fn pairwise(
    first: u32,
    last: u32,
    join: &dyn Fn(String, String) -> String,
    term: &dyn Fn(u32) -> String,
) -> String {
    match last - first {
        1 => term(first),
        count => {
            let middle = first + count / 2;
            join(pairwise(first, middle, join, term), pairwise(middle, last, join, term))
        }
    }
}

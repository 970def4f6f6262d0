//! Splits a tile among threads and walks its parts.

use super::part::Part;
use super::rule::Rule;
use super::sums;
use super::tile::{At, Line, Tile};
use super::{kernel, panel};
use crate::plan::geometry::Walk;
use crate::report::Tally;

/// Reduces, decides and stores every slice of a tile.
///
/// The tree of halves depends on the tile alone, never on which thread was free, so that sums and
/// tallies have the same bits in every run.
pub(super) fn run<P: Part>(tile: Tile, part: P, rule: &Rule) -> Tally {
    // Halves of a kept axis share no slice: each goes its own way.
    if let Some((left, right, outer, middle)) = tile.halves()
        && tile.is_large()
        && !outer.is_reduced()
    {
        let (first, second) = part.split(&outer, middle);
        let (a, b) = rayon::join(|| run(left, first, rule), || run(right, second, rule));
        return a.merge(b);
    }
    if tile.walk == Walk::Rows && !tile.is_large() {
        let (mut tally, mut part) = (Tally::default(), part);
        rows(tile.axes(), &mut part, tile.start(), rule, &mut tally);
        return tally;
    }
    if let Some((matrix, width)) = tile.panels() {
        return panel::run(&tile, matrix, width, part, rule);
    }
    let mut slots = vec![0.0; tile.slots()];
    sums::add(&tile, part.source(), &mut slots);
    let mut tally = Tally::default();
    if rule.report {
        rule.count_all(tile.axes(), tile.start(), &slots, &mut tally);
    }
    part.finish(&tile, &mut slots, rule);
    tally
}

/// Rows one after the other, each stored while it is still in the first cache.
fn rows<P: Part>(axes: &[Line], part: &mut P, at: At, rule: &Rule, tally: &mut Tally) {
    match axes {
        [] => kernel::rows(part, at, &Line::ONE, &Line::ONE, rule, tally),
        [run] => kernel::rows(part, at, &Line::ONE, run, rule, tally),
        [rows, run] => kernel::rows(part, at, rows, run, rule, tally),
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                self::rows(rest, part, at.step(outer, i), rule, tally);
            }
        }
    }
}

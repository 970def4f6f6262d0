//! What ranks made of a tensor, against the oracle's projection of the whole.

use normproj::{Layout, Projection, reference};

use crate::scene::COLUMNS;

/// What differs; none if nothing does. `room` is what elements may be off by, relatively.
pub fn differs(
    projection: &Projection,
    before: &[f32],
    after: &[f32],
    room: f64,
) -> normproj::Result<Option<String>> {
    let layout = Layout::contiguous([before.len() / COLUMNS, COLUMNS])?;
    let exact = reference::project(projection, before, &layout)?;
    for ((i, exact), (x, y)) in exact.iter().enumerate().zip(before.iter().zip(after)) {
        let inside = *exact == f64::from(*x) || !x.is_finite();
        let same = x.to_bits() == y.to_bits();
        // Not `> room`: NaN differs too.
        let near = (f64::from(*y) - exact).abs() <= room * exact.abs();
        if !(near && !inside || same && inside) {
            return Ok(Some(format!("element {i} was {x:e} and is {y:e}, not {exact:e}")));
        }
    }
    let norms = reference::norms(projection.norm(), projection.axes(), after, &layout)?;
    let c = reference::radius(projection.radius());
    let mut finite = norms.iter().enumerate().filter(|(_, norm)| norm.is_finite());
    let over = finite.find(|(_, norm)| **norm > c);
    Ok(over.map(|(column, norm)| format!("slice {column} has norm {norm:e} over {c:e}")))
}

//! Rows of a table that indices name.

use std::collections::BTreeSet;

use super::project;
use crate::dtype::Element;
use crate::error::Result;
use crate::layout::Layout;
use crate::projection::Projection;

/// The rows that indices name, each once, in order; what names none (negative as i32) is left out.
pub fn touched(indices: &[u32], rows: usize) -> Vec<usize> {
    let named: BTreeSet<usize> = indices.iter().map(|&index| index as usize).collect();
    named.into_iter().filter(|&row| row < rows).collect()
}

/// [`project`] of the rows of a table that indices name; all others stay as they are.
///
/// ```
/// use normproj::{Layout, Projection, reference};
/// let table = Layout::contiguous([2, 2])?;
/// let data = [3.0f32, 4.0, 3.0, 4.0];
/// let found = reference::project_rows(&Projection::max_norm(5.0, 1).with_radius(1.0), &data, &table, &[1, 9])?;
/// assert_eq!(found, [3.0, 4.0, 0.6, 0.8]);
/// # Ok::<(), normproj::Error>(())
/// ```
///
/// # Errors
/// As [`project`].
pub fn project_rows<T: Element>(
    projection: &Projection,
    data: &[T],
    table: &Layout,
    indices: &[u32],
) -> Result<Vec<f64>> {
    let mut result = super::gather(data, table)?;
    let rows = table.shape().first().copied().unwrap_or(0);
    let width = result.len().checked_div(rows).unwrap_or(0);
    let all = project(projection, data, table)?;
    for row in touched(indices, rows) {
        let range = row * width..(row + 1) * width;
        result[range.clone()].copy_from_slice(&all[range]);
    }
    Ok(result)
}

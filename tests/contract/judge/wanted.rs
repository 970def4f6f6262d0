//! What is asked for of each slice.

use normproj::reference::{self, Double};
use normproj::{DType, Layout, Projection};

use crate::values::Value;

/// A projection, and the radii of its slices where those are in memory: one for each, or one for all.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub projection: &'a Projection,
    pub radii: Option<&'a [f64]>,
}

impl<'a> From<&'a Projection> for Wanted<'a> {
    fn from(projection: &'a Projection) -> Self {
        Wanted { projection, radii: None }
    }
}

impl Wanted<'_> {
    /// What a slice is projected onto, and whether it is turned over; none if its radius is none.
    pub fn of_slice(&self, number: usize, dtype: DType) -> Option<(Projection, bool)> {
        let Some(radii) = self.radii else { return Some((*self.projection, false)) };
        let radius = radii[if radii.len() == 1 { 0 } else { number }];
        let c = reference::radius_of(self.projection, radius, dtype)?;
        Some((self.projection.with_radius(c.abs()), c < 0.0))
    }

    /// The exact projection of a view.
    pub fn exact<T: Value>(&self, elements: &[T], layout: &Layout) -> Vec<Double> {
        match self.radii {
            None => reference::project_double(self.projection, elements, layout),
            Some(radii) => reference::project_with_radii(self.projection, elements, layout, radii),
        }
        .expect("the oracle takes what the library took")
    }
}

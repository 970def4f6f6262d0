//! The kinds of runs that an example compares.

use plotters::style::RGBColor;

pub struct Kind {
    /// In names of files.
    pub name: &'static str,
    /// In tables and legends.
    pub label: &'static str,
    pub color: RGBColor,
    /// The bound c; infinity bounds nothing, and reports all the same.
    pub c: f64,
    /// The initial learning rate.
    pub rate: f64,
}

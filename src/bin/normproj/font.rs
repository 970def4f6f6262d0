//! The font of pictures.

use plotters::style::{FontStyle, register_font};

use crate::failure::{Failure, Result};

pub const FONT: &str = "sans-serif";

/// A font that comes with the program: a system may have none.
pub fn bytes() -> &'static [u8] {
    dejavu::sans::regular()
}

/// Measures texts with it, and draws them.
pub fn register() -> Result<()> {
    let registered = register_font(FONT, FontStyle::Normal, bytes());
    registered.map_err(|_| Failure::new("the font of plots cannot be read"))
}

//! Norms as a picture: a histogram for each tensor, with the bound.

mod canvas;
mod draw;
mod histogram;

use std::path::{Path, PathBuf};

use ab_glyph::FontRef;
use normproj::Norm;
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::drawing::IntoDrawingArea;

use crate::failure::{Failure, Result};
use crate::font;
use crate::options::OutputOptions;
use crate::output::{self, Staged};
use canvas::Canvas;
use draw::Picture;
use histogram::Histogram;

/// More would be a picture of which nothing is to be seen.
const MOST: usize = 96;
/// Pixels of a .png for each unit: text stays sharp on fine displays.
const SHARPNESS: u32 = 2;

/// A picture that is being collected.
pub struct Plot {
    file: Staged,
    format: Format,
    picture: Picture,
}

/// One tensor.
pub struct Panel {
    pub name: String,
    pub slices: u64,
    pub length: usize,
    histogram: Histogram,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Svg,
    Png,
}

/// Refuses a name that does not say what to draw, before any file is touched.
pub fn check(path: &Path, options: &OutputOptions) -> Result<()> {
    if options.output.as_deref() == Some(path) {
        return Err(Failure::usage("--plot and -o name the same file"));
    }
    format(path).map(drop)
}

fn format(path: &Path) -> Result<Format> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        _ => Err(Failure::usage(format!("--plot {}: name a .svg or .png file", path.display()))),
    }
}

impl Plot {
    /// A picture of so many tensors, with the bound that is drawn in all of them.
    pub fn create(
        path: &Path,
        options: &OutputOptions,
        tensors: usize,
        title: String,
        norm: Norm,
        bound: Option<f64>,
    ) -> Result<Plot> {
        if tensors > MOST {
            return Err(Failure::new(format!(
                "--plot draws {MOST} tensors at most, not {tensors}; choose some with --include"
            )));
        }
        let file = Staged::create(output::file(PathBuf::from(path), options.force)?)?;
        let picture = Picture { title, norm, bound, panels: Vec::new() };
        Ok(Plot { file, format: format(path)?, picture })
    }

    /// Adds a tensor.
    pub fn add(&mut self, name: String, length: usize, norms: &[f64]) {
        let histogram = Histogram::new(norms, self.picture.bound);
        let slices = norms.len() as u64;
        self.picture.panels.push(Panel { name, slices, length, histogram });
    }

    /// Draws it.
    pub fn finish(mut self) -> Result<Staged> {
        font::register()?;
        let bytes = match self.format {
            Format::Svg => svg(&self.picture)?.into_bytes(),
            Format::Png => png(&self.picture)?,
        };
        output::write(&mut self.file, &bytes)?;
        Ok(self.file)
    }
}

fn svg(picture: &Picture) -> Result<String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, picture.size(1)).into_drawing_area();
    picture.draw(&area, 1).map_err(undrawn)?;
    area.present().map_err(undrawn)?;
    drop(area);
    Ok(text)
}

fn png(picture: &Picture) -> Result<Vec<u8>> {
    let (width, height) = picture.size(SHARPNESS);
    let mut pixels = vec![255; 3 * width as usize * height as usize];
    let font = FontRef::try_from_slice(font::bytes()).map_err(undrawn)?;
    let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
    let area = Canvas::new(backend, font).into_drawing_area();
    picture.draw(&area, SHARPNESS).map_err(undrawn)?;
    area.present().map_err(undrawn)?;
    drop(area);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(undrawn)?;
    writer.write_image_data(&pixels).map_err(undrawn)?;
    writer.finish().map_err(undrawn)?;
    Ok(bytes)
}

fn undrawn(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the plot cannot be drawn: {error}"))
}

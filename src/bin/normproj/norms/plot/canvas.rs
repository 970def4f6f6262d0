//! Pixels on which every letter stands where its font puts it. The backend of plotters leaves the space
//! before a letter out, which tears words apart.

use ab_glyph::{Font, FontRef, ScaleFont};
use plotters::backend::BitMapBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

/// A picture in memory.
pub struct Canvas<'a> {
    pixels: BitMapBackend<'a>,
    font: FontRef<'static>,
}

impl<'a> Canvas<'a> {
    pub fn new(pixels: BitMapBackend<'a>, font: FontRef<'static>) -> Self {
        Canvas { pixels, font }
    }
}

type Outcome<T> = Result<T, DrawingErrorKind<<Canvas<'static> as DrawingBackend>::ErrorType>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = <BitMapBackend<'static> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.pixels.get_size()
    }

    fn ensure_prepared(&mut self) -> Outcome<()> {
        self.pixels.ensure_prepared()
    }

    fn present(&mut self) -> Outcome<()> {
        self.pixels.present()
    }

    fn draw_pixel(&mut self, at: BackendCoord, color: BackendColor) -> Outcome<()> {
        self.pixels.draw_pixel(at, color)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome<()> {
        self.pixels.draw_rect(from, to, style, fill)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Outcome<()> {
        let undrawn = |error: S::FontError| DrawingErrorKind::FontError(Box::new(error));
        let ((_, _), (width, height)) = style.layout_box(text).map_err(undrawn)?;
        let left = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let top = match style.anchor().v_pos {
            VPos::Top => 0,
            VPos::Center => -height / 2,
            VPos::Bottom => -height,
        };
        let ((columns, rows), turn) = (self.get_size(), style.transform());
        let font = self.font.clone().into_scaled(style.size() as f32);
        let (mut pen, mut before) = (0.0, None);
        for letter in text.chars() {
            let glyph = font.glyph_id(letter);
            pen += before.map_or(0.0, |before| font.kern(before, glyph));
            let start = left + (pen + font.h_side_bearing(glyph)).round() as i32;
            let dot = |x: i32, y: i32, color| {
                let (x, y) = turn.transform(x + start, y + top);
                let (x, y) = (x + at.0, y + at.1);
                let inside = (0..columns as i32).contains(&x) && (0..rows as i32).contains(&y);
                if inside { self.pixels.draw_pixel((x, y), color) } else { Ok(()) }
            };
            style.draw(letter.encode_utf8(&mut [0; 4]), (0, 0), dot).map_err(undrawn)??;
            pen += font.h_advance(glyph);
            before = Some(glyph);
        }
        Ok(())
    }
}

//! Panels of histograms, by whatever backend of plotters.

use normproj::Norm;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Panel;
use crate::failure::visible;
use crate::font::FONT;
use crate::table::number;

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (380, 250);
const HEAD: u32 = 36;
const INSIDE: RGBColor = RGBColor(76, 120, 168);
const BEYOND: RGBColor = RGBColor(228, 87, 86);
const QUIET: RGBColor = RGBColor(110, 110, 110);
const LINES: RGBColor = RGBColor(225, 225, 225);

type Drawn<DB> = std::result::Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// The whole.
pub struct Picture {
    /// What all panels have in common.
    pub title: String,
    pub norm: Norm,
    pub bound: Option<f64>,
    pub panels: Vec<Panel>,
}

impl Picture {
    fn grid(&self) -> (usize, usize) {
        let columns = self.panels.len().clamp(1, COLUMNS);
        (self.panels.len().div_ceil(columns), columns)
    }

    /// Width and height in pixels.
    pub fn size(&self, scale: u32) -> (u32, u32) {
        let (rows, columns) = self.grid();
        let (width, height) = PANEL;
        // A title has room over a single panel.
        let columns = if columns == 1 { 2 } else { columns };
        (width * columns as u32 * scale, (height * rows as u32 + HEAD) * scale)
    }

    /// Draws it, all lengths multiplied by a scale.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, scale: u32) -> Drawn<DB> {
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(HEAD * scale);
        let pen = Pen { scale };
        let width = head.dim_in_pixel().0 - 240 * scale;
        let title = pen.fitting(&self.title, 15, width);
        head.draw(&Text::new(title, pen.at(12, 12), pen.text(15, &BLACK)))?;
        if self.bound.is_some() {
            let right = head.dim_in_pixel().0 / scale;
            for (left, color, text) in [(212, INSIDE, "inside"), (142, BEYOND, "beyond the bound")]
            {
                let at = right.saturating_sub(left);
                let square = [pen.at(at, 14), pen.at(at + 10, 24)];
                head.draw(&Rectangle::new(square, color.filled()))?;
                head.draw(&Text::new(text, pen.at(at + 16, 13), pen.text(11, &BLACK)))?;
            }
        }
        let (rows, columns) = self.grid();
        if rows == 0 {
            return Ok(());
        }
        for (area, panel) in body.split_evenly((rows, columns)).iter().zip(&self.panels) {
            self.draw_panel(area, panel, pen)?;
        }
        Ok(())
    }

    fn draw_panel<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        panel: &Panel,
        pen: Pen,
    ) -> Drawn<DB> {
        let histogram = &panel.histogram;
        let name = pen.fitting(&panel.name, 13, area.dim_in_pixel().0 - 70 * pen.scale);
        area.draw(&Text::new(name, pen.at(64, 6), pen.text(13, &BLACK)))?;
        area.draw(&Text::new(panel.about(self.bound), pen.at(64, 25), pen.text(11, &QUIET)))?;

        let heights = histogram.bins.iter().map(|bin| bin.inside + bin.beyond);
        let most = heights.max().unwrap_or(0).max(1);
        // Room for the name of the bound.
        let top = most + most.div_ceil(5);
        let mut chart = ChartBuilder::on(area)
            .margin_top(pen.px(44))
            .margin_left(pen.px(8))
            .margin_right(pen.px(14))
            .margin_bottom(pen.px(10))
            .x_label_area_size(pen.px(38))
            .y_label_area_size(pen.px(56))
            .build_cartesian_2d(histogram.range(), 0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(LINES)
            .light_line_style(TRANSPARENT)
            .axis_style(QUIET)
            .set_all_tick_mark_size(pen.px(4))
            .label_style(pen.text(11, &BLACK))
            .axis_desc_style(pen.text(12, &BLACK))
            .x_desc(format!("{} norm of a slice", self.norm))
            .y_desc("slices")
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&|norm| tick(*norm))
            .y_label_formatter(&|count| tick(*count as f64))
            .draw()?;
        let bars = histogram.bins.iter().enumerate().flat_map(|(i, bin)| {
            let (start, end, all) =
                (histogram.edge(i), histogram.edge(i + 1), bin.inside + bin.beyond);
            let bar = |from, to, color: RGBColor| {
                (to > from).then(|| Rectangle::new([(start, from), (end, to)], color.filled()))
            };
            [bar(0, bin.inside, INSIDE), bar(bin.inside, all, BEYOND)].into_iter().flatten()
        });
        chart.draw_series(bars)?;
        let Some(bound) = histogram.bound else { return Ok(()) };
        let line = [(bound, 0), (bound, top)];
        let style = BLACK.stroke_width(pen.scale);
        chart.draw_series(DashedLineSeries::new(line, pen.px(5), pen.px(3), style))?;
        // Beside the line, where there is more room.
        let range = histogram.range();
        let left = bound > (range.start + range.end) / 2.0;
        let (side, beside) = if left { (HPos::Right, -4) } else { (HPos::Left, 4) };
        let style = pen.text(11, &BLACK).pos(Pos::new(side, VPos::Top));
        let text =
            Text::new(format!("bound {}", number(bound)), (beside * pen.scale as i32, 0), style);
        chart.draw_series(std::iter::once(EmptyElement::at((bound, top)) + text))?;
        Ok(())
    }
}

impl Panel {
    /// How many slices there are, and what of them is not to be seen in their places.
    fn about(&self, bound: Option<f64>) -> String {
        let mut text = format!("{} slices × {}", self.slices, self.length);
        if let Some(bound) = bound {
            text += &format!(", {} beyond {}", self.histogram.beyond, number(bound));
        }
        if self.histogram.missing > 0 {
            text += &format!(", {} not finite", self.histogram.missing);
        }
        text
    }
}

/// A number beside an axis, without zeros that say nothing.
fn tick(value: f64) -> String {
    match number(value).split_once('e') {
        Some((mantissa, exponent)) => {
            format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
        None => number(value),
    }
}

/// Lengths of one scale.
#[derive(Clone, Copy)]
struct Pen {
    scale: u32,
}

impl Pen {
    fn px(self, length: u32) -> u32 {
        length * self.scale
    }

    fn at(self, x: u32, y: u32) -> (i32, i32) {
        (self.px(x) as i32, self.px(y) as i32)
    }

    fn text<'a>(self, size: u32, color: &'a RGBColor) -> TextStyle<'a> {
        (FONT, self.px(size) as f64).into_text_style(&(1000, 1000)).color(color)
    }

    /// A text that is cut in the middle where it is too wide; the ends of names say most.
    fn fitting(self, text: &str, size: u32, width: u32) -> String {
        let font = (FONT, self.px(size) as f64).into_font();
        let fits = |text: &str| font.box_size(text).is_ok_and(|(used, _)| used <= width);
        let all: Vec<char> = text.chars().map(visible).collect();
        let whole: String = all.iter().collect();
        if fits(&whole) {
            return whole;
        }
        let cut = |kept: usize| -> String {
            let (head, tail) = (kept / 2, kept - kept / 2);
            all[..head].iter().chain(&['…']).chain(&all[all.len() - tail..]).collect()
        };
        (0..all.len()).rev().map(cut).find(|text| fits(text)).unwrap_or_default()
    }
}

//! Curves over steps, drawn to SVG.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::Result;

/// Curves that share their axes; the vertical one is logarithmic.
pub struct Panel<'a> {
    pub title: &'a str,
    pub curves: Vec<Curve<'a>>,
    /// A bound, drawn across.
    pub bound: Option<f64>,
    /// Only the steps before this one are drawn.
    pub until: usize,
    /// Lines end where they cross this: those of a run that diverges have no top.
    pub top: f64,
}

/// One line for each seed, all in one colour.
pub struct Curve<'a> {
    pub label: &'a str,
    pub color: RGBColor,
    pub lines: Vec<Vec<f64>>,
}

type Points = Vec<(f64, f64)>;

const WIDTH: u32 = 1000;
/// The width of the legend, to the right of the curves.
const LEGEND: u32 = 200;

/// So many points are drawn of the longest line; each is the mean of its neighbours.
const POINTS: usize = 200;

/// Draws panels, one below another.
pub fn draw(path: &Path, panels: &[Panel]) -> Result<()> {
    // Texts are measured with a font, and a system may have none.
    register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| "the font cannot be read")?;
    let root = SVGBackend::new(path, (WIDTH, 320 * panels.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, panel) in root.split_evenly((panels.len(), 1)).iter().zip(panels) {
        draw_panel(area, panel)?;
    }
    Ok(root.present()?)
}

fn draw_panel(area: &DrawingArea<SVGBackend, plotters::coord::Shift>, panel: &Panel) -> Result<()> {
    let shown = |line: &'_ Vec<f64>| line.len().min(panel.until);
    let lines = || panel.curves.iter().flat_map(|curve| &curve.lines);
    let steps = lines().map(shown).max().unwrap_or(0).max(1);
    let block = steps.div_ceil(POINTS);
    let heights =
        lines().flat_map(|line| smooth(&line[..shown(line)], block, panel.top)).map(|(_, y)| y);
    let (low, high) = heights
        .chain(panel.bound)
        .fold((f64::INFINITY, 0.0), |(low, high), y| (y.min(low), y.max(high)));
    let (left, right) = area.split_horizontally(WIDTH - LEGEND);
    let mut chart = ChartBuilder::on(&left)
        .caption(panel.title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..steps as f64, (low / 1.2..high * 1.2).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("step")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| label(*y))
        .draw()?;
    let keys = panel.curves.iter().map(|curve| (curve.label.to_string(), curve.color));
    for curve in &panel.curves {
        for line in &curve.lines {
            let points = smooth(&line[..shown(line)], block, panel.top);
            chart.draw_series(LineSeries::new(points, curve.color))?;
        }
    }
    if let Some(bound) = panel.bound {
        let ends = [(0.0, bound), (steps as f64, bound)];
        chart.draw_series(DashedLineSeries::new(ends, 6, 4, BLACK.into()))?;
    }
    let bound = panel.bound.map(|bound| (format!("bound {bound}"), BLACK));
    for (i, (label, color)) in keys.chain(bound).enumerate() {
        let y = 50 + 20 * i as i32;
        right.draw(&PathElement::new([(0, y), (18, y)], color.stroke_width(3)))?;
        right.draw(&Text::new(label, (26, y - 6), ("sans-serif", 12)))?;
    }
    Ok(())
}

/// Labels that a logarithmic axis has room for: 1, 2 and 5 of each decade.
fn label(y: f64) -> String {
    let mantissa = y / 10f64.powf(y.log10().floor());
    let near = |round: f64| (mantissa - round).abs() < 1e-6;
    if [1.0, 2.0, 5.0, 10.0].into_iter().any(near) { format!("{y}") } else { String::new() }
}

/// The means of blocks of neighbours, up to the first that a logarithmic axis cannot show.
fn smooth(line: &[f64], block: usize, top: f64) -> Points {
    let mut points = Points::new();
    for (i, ys) in line.chunks(block).enumerate() {
        let mean = ys.iter().sum::<f64>() / ys.len() as f64;
        let x = (i * block) as f64 + ys.len() as f64 / 2.0;
        if !(mean > 0.0 && mean <= top) {
            // The line is seen to leave upward.
            points.extend((!points.is_empty()).then_some((x, top)));
            break;
        }
        points.push((x, mean));
    }
    points
}

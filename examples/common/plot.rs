//! Curves over steps, drawn to SVG.

use std::path::Path;

use plotters::prelude::*;

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

/// So many points are drawn of the longest line; each is the mean of its neighbours.
const POINTS: usize = 200;

/// Draws panels, one below another.
pub fn draw(path: &Path, panels: &[Panel]) -> Result<()> {
    let root = SVGBackend::new(path, (900, 320 * panels.len() as u32)).into_drawing_area();
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
    let mut chart = ChartBuilder::on(area)
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
        .draw()?;
    for curve in &panel.curves {
        let wide = curve.color.stroke_width(3);
        for (i, line) in curve.lines.iter().enumerate() {
            let points = smooth(&line[..shown(line)], block, panel.top);
            let drawn = chart.draw_series(LineSeries::new(points, curve.color))?;
            if i == 0 {
                let key = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], wide);
                drawn.label(curve.label).legend(key);
            }
        }
    }
    if let Some(bound) = panel.bound {
        let ends = [(0.0, bound), (steps as f64, bound)];
        chart
            .draw_series(DashedLineSeries::new(ends, 6, 4, BLACK.stroke_width(1)))?
            .label(format!("bound {bound}"))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLACK));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
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

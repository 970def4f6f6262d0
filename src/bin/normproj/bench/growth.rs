//! Time against elements, drawn.

use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::*;

use super::Measurement;
use super::streams::Ceilings;
use crate::failure::{Failure, Result};
use crate::font::{self, FONT};
use crate::output::{self, Staged};

const FAMILIES: [(&str, RGBColor); 3] = [
    ("rows", RGBColor(76, 120, 168)),
    ("columns", RGBColor(228, 87, 86)),
    ("clip", RGBColor(84, 162, 75)),
];
const SIZE: (u32, u32) = (960, 420);
const QUIET: RGBColor = RGBColor(110, 110, 110);
const LINES: RGBColor = RGBColor(225, 225, 225);

/// Refuses what cannot be drawn to before anything is measured.
pub fn create(path: &Path, force: bool) -> Result<Staged> {
    if path.extension().is_none_or(|end| !end.eq_ignore_ascii_case("svg")) {
        return Err(Failure::usage(format!("--plot {}: name a .svg file", path.display())));
    }
    Staged::create(output::file(path.to_path_buf(), force)?)
}

/// Two panels, with nothing and with everything outside: the time of each family against its
/// elements, both in decades, and dashed what memory gives for the bytes of rows.
pub fn draw(
    mut plot: Staged,
    title: &str,
    cases: &[Measurement],
    ceilings: &Ceilings,
) -> Result<()> {
    font::register()?;
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    let drawn = drawn(&area, title, cases, ceilings);
    drawn.map_err(|error| Failure::new(format!("the plot cannot be drawn: {error}")))?;
    drop(area);
    output::write(&mut plot, text.as_bytes())?;
    output::commit(vec![plot])
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn drawn(area: &Area<'_>, title: &str, cases: &[Measurement], ceilings: &Ceilings) -> Drawn {
    area.fill(&WHITE)?;
    let area = area.titled(title, (FONT, 16))?;
    let panels = area.split_evenly((1, 2));
    for ((panel, violating), name) in
        panels.iter().zip([0.0, 1.0]).zip(["nothing outside", "everything outside"])
    {
        let of_panel = cases.iter().filter(|case| case.violating == violating);
        let points: Vec<&Measurement> = of_panel.collect();
        draw_panel(panel, name, &points, ceilings)?;
    }
    Ok(area.present()?)
}

fn draw_panel(area: &Area<'_>, name: &str, points: &[&Measurement], ceilings: &Ceilings) -> Drawn {
    let elements = |case: &Measurement| case.shape.iter().product::<usize>() as f64;
    let times = points.iter().map(|case| case.ms * 1e3);
    let (low, high) = times.fold((f64::MAX, 0.0_f64), |(low, high), t| (low.min(t), high.max(t)));
    let (low, high) = (0.5 * low, 2.0 * high);
    let mut chart = ChartBuilder::on(area)
        .caption(name, (FONT, 13))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1e2..2e8).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .bold_line_style(LINES)
        .light_line_style(TRANSPARENT)
        .axis_style(QUIET)
        .x_desc("elements, f32")
        .y_desc("microseconds")
        .x_label_formatter(&|x: &f64| format!("10^{:.0}", x.log10()))
        .y_label_formatter(&|y| format!("{y}"))
        .draw()?;
    for (family, color) in FAMILIES {
        let of_family = points.iter().filter(|case| case.id.starts_with(family));
        let line: Vec<(f64, f64)> = of_family.map(|case| (elements(case), case.ms * 1e3)).collect();
        chart.draw_series(line.iter().map(|&at| Circle::new(at, 3, color.filled())))?;
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))?
            .label(family)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], color.stroke_width(2)));
    }
    let rows = points.iter().filter(|case| case.id.starts_with("rows"));
    let best = |case: &&&Measurement| {
        (elements(case), ceilings.milliseconds(case.bytes, case.violating > 0.0) * 1e3)
    };
    let line: Vec<(f64, f64)> = rows.map(|case| best(&case)).filter(|best| best.1 >= low).collect();
    chart
        .draw_series(DashedLineSeries::new(line, 5, 4, QUIET.stroke_width(1)))?
        .label("rows at the ceiling")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], QUIET));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(LINES)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

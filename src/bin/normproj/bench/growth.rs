//! Time against elements, drawn.

use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::*;

use super::launch::{self, FAMILIES, Launch};
use super::measurement::Measurement;
use super::streams::Ceilings;
use crate::failure::{Failure, Result};
use crate::font::{self, FONT};
use crate::output::{self, Staged};

const COLORS: [RGBColor; 3] =
    [RGBColor(76, 120, 168), RGBColor(228, 87, 86), RGBColor(84, 162, 75)];
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
/// elements, both in decades, a ring where the cost of a launch ends, and dashed what memory gives for the
/// bytes of rows.
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
    for (panel, violating) in panels.iter().zip([0.0, 1.0]) {
        draw_panel(panel, violating, cases, ceilings)?;
    }
    Ok(area.present()?)
}

fn draw_panel(
    area: &Area<'_>,
    violating: f64,
    cases: &[Measurement],
    ceilings: &Ceilings,
) -> Drawn {
    let name = if violating == 0.0 { "nothing outside" } else { "everything outside" };
    let of_panel = cases.iter().filter(|case| case.violating == violating);
    let times = of_panel.map(|case| case.ms * 1e3);
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
        .x_label_formatter(&|x| power(*x))
        .y_label_formatter(&|y| format!("{y}"))
        .draw()?;
    let launches = launch::all(cases);
    for (family, color) in FAMILIES.into_iter().zip(COLORS) {
        let line = launch::line(cases, family, violating);
        chart.draw_series(line.iter().map(|&at| Circle::new(at, 3, color.filled())))?;
        let is_own = |launch: &&Launch| launch.family == family && launch.violating == violating;
        let found = launches.iter().find(is_own).and_then(|one| Some((one.elements?, one.us)));
        let ends = found.map_or(String::new(), |(n, _)| format!(", launch ends at {}", count(n)));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))?
            .label(format!("{family}{ends}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], color.stroke_width(2)));
        let Some((n, us)) = found else { continue };
        let down = [(n, 2.0 * us), (n, low)];
        chart.draw_series(DashedLineSeries::new(down, 2, 3, color.stroke_width(1)))?;
        chart.draw_series([Circle::new((n, 2.0 * us), 6, color.stroke_width(2))])?;
    }
    let rows = cases.iter().filter(|case| case.violating == violating);
    let rows = rows.filter(|case| case.id.starts_with("rows"));
    let best = |case: &Measurement| {
        let elements = case.shape.iter().product::<usize>() as f64;
        (elements, ceilings.milliseconds(case.bytes, case.violating > 0.0) * 1e3)
    };
    let line: Vec<(f64, f64)> = rows.map(best).filter(|best| best.1 >= low).collect();
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

/// A power of ten beside an axis.
fn power(x: f64) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent = format!("{:.0}", x.log10());
    let raised = exponent.chars().filter_map(|digit| digits.get(digit.to_digit(10)? as usize));
    "10".chars().chain(raised.copied()).collect()
}

/// A number of elements in two digits.
fn count(n: f64) -> String {
    match n {
        n if n < 1e3 => format!("{n:.0}"),
        n if n < 1e6 => format!("{:.0} thousand", n / 1e3),
        n => format!("{:.1} million", n / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([1e2, 1e8].map(power), ["10²", "10⁸"]);
        assert_eq!([900.0, 4.2e4, 1.26e6].map(count), ["900", "42 thousand", "1.3 million"]);
    }
}

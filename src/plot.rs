//! Plots as SVG files: curves and bars with their intervals. Knows nothing of what is plotted.

use std::{ops::Range, path::Path};

use anyhow::{Context, Result, anyhow};
use plotters::{
    coord::types::RangedCoordf64,
    element::{ErrorBar, ErrorBarOrientV},
    prelude::*,
    series::LineSeries,
    style::RGBColor,
};

const SIZE: (u32, u32) = (860, 460);

/// Colours that can be told apart by most people (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
];

const DARK: RGBColor = RGBColor(60, 60, 60);
const LIGHT: RGBColor = RGBColor(190, 190, 190);

/// What a plot is called and what its axes mean.
#[derive(Debug, Clone, Copy)]
pub struct Titles<'a> {
    pub plot: &'a str,
    pub x: &'a str,
    pub y: &'a str,
}

/// A value and half the width of its interval, where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub half_width: Option<f64>,
}

/// A named curve, or a named bar in every group.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub points: Vec<Point>,
}

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// One curve per series.
///
/// # Errors
/// When there is no point, or the file cannot be written.
pub fn curves(path: &Path, titles: Titles<'_>, series: &[Series]) -> Result<()> {
    let x = range(series.iter().flat_map(|series| &series.points).map(|point| point.x))?;
    draw(path, titles, x, y_range(series)?, None, |chart| {
        for (Series { name, points }, colour) in series.iter().zip(COLOURS.iter().cycle()) {
            let line = LineSeries::new(points.iter().map(|point| (point.x, point.y)), colour.stroke_width(2));
            let drawn = chart.draw_series(line)?.label(name);
            drawn.legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 14, y)], colour.stroke_width(2)));
            chart.draw_series(points.iter().filter_map(|point| whisker(point, point.x, colour)))?;
        }
        Ok(())
    })
}

/// One bar per series in every group; a point's `x` is the group's number.
///
/// # Errors
/// As [`curves`].
pub fn bars(path: &Path, titles: Titles<'_>, groups: &[String], series: &[Series]) -> Result<()> {
    let x = -0.5..groups.len() as f64 - 0.5;
    let width = 0.8 / series.len() as f64;
    let values = y_range(series)?;
    let floor = 0.0f64.max(values.start).min(values.end);
    draw(path, titles, x, values, Some(groups), |chart| {
        for (index, (Series { name, points }, colour)) in
            series.iter().zip(COLOURS.iter().cycle()).enumerate()
        {
            let left = |point: &Point| point.x - 0.4 + index as f64 * width;
            let bar = |point: &Point| {
                Rectangle::new(
                    [(left(point), floor), (left(point) + width * 0.9, point.y)],
                    colour.mix(0.8).filled(),
                )
            };
            let drawn = chart.draw_series(points.iter().map(bar))?.label(name);
            drawn.legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
            let middle = |point: &Point| left(point) + width * 0.45;
            chart.draw_series(points.iter().filter_map(|point| whisker(point, middle(point), &DARK)))?;
        }
        Ok(())
    })
}

fn whisker(
    point: &Point,
    x: f64,
    colour: &RGBColor,
) -> Option<ErrorBar<f64, f64, ErrorBarOrientV<f64, f64>>> {
    let Point { y, half_width, .. } = *point;
    half_width.map(|half| ErrorBar::new_vertical(x, y - half, y, y + half, colour.stroke_width(1), 6))
}

/// A little more than what is plotted, intervals included.
fn y_range(series: &[Series]) -> Result<Range<f64>> {
    let ends = series.iter().flat_map(|series| &series.points).flat_map(|point| {
        let half = point.half_width.unwrap_or(0.0);
        [point.y - half, point.y + half]
    });
    let Range { start, end } = range(ends)?;
    let margin = 0.05 * (end - start);
    Ok(start - margin..end + margin)
}

/// From the least to the greatest of the values, and never empty.
fn range(values: impl Iterator<Item = f64>) -> Result<Range<f64>> {
    let (least, greatest) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| {
            (least.min(value), greatest.max(value))
        });
    match least <= greatest {
        true if least < greatest => Ok(least..greatest),
        true => Ok(least - 0.5..greatest + 0.5),
        false => Err(anyhow!("there is nothing to plot")),
    }
}

fn draw(
    path: &Path,
    titles: Titles<'_>,
    x: Range<f64>,
    y: Range<f64>,
    groups: Option<&[String]>,
    content: impl FnOnce(&mut Chart<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<()> {
    let attempt = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(titles.plot, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(62)
            .build_cartesian_2d(x, y)?;
        let name = |x: &f64| group_name(groups.unwrap_or_default(), *x);
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(titles.x).y_desc(titles.y).light_line_style(TRANSPARENT);
        if let Some(groups) = groups {
            mesh.disable_x_mesh().x_labels(groups.len() + 2).x_label_formatter(&name);
        }
        mesh.draw()?;
        content(&mut chart)?;
        let mut labels = chart.configure_series_labels();
        labels.position(SeriesLabelPosition::LowerRight).background_style(WHITE.mix(0.8));
        labels.border_style(LIGHT).draw()?;
        area.present()?;
        Ok(())
    };
    attempt().map_err(|error| anyhow!("{error}")).with_context(|| format!("drawing {}", path.display()))
}

/// The group whose number this is, if it is one.
fn group_name(groups: &[String], x: f64) -> String {
    let whole = (x - x.round()).abs() < 1e-6 && x > -0.5;
    groups.get(x.round() as usize).filter(|_| whole).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: Titles<'static> = Titles { plot: "accuracy", x: "tokens", y: "percent" };

    fn series(name: &str) -> Series {
        let point = |x: u8| Point { x: f64::from(x), y: f64::from(x * x), half_width: Some(0.5) };
        Series { name: name.to_owned(), points: (0..3).map(point).collect() }
    }

    #[test]
    fn plots_are_svg_and_name_what_they_show() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plot.svg");
        let names = |expected: &[&str]| {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("<svg"));
            expected.iter().for_each(|name| assert!(text.contains(name), "{name} is missing"));
        };
        curves(&path, TITLES, &[series("ours"), series("theirs")]).unwrap();
        names(&["accuracy", "tokens", "percent", "ours", "theirs"]);
        let groups = ["first", "second", "third"].map(str::to_owned);
        bars(&path, TITLES, &groups, &[series("ours")]).unwrap();
        names(&["first", "second", "third", "ours"]);
    }

    #[test]
    fn a_constant_can_be_plotted_and_nothing_cannot() {
        assert_eq!(range([2.0, 2.0].into_iter()).unwrap(), 1.5..2.5);
        assert!(curves("nowhere.svg".as_ref(), TITLES, &[]).is_err());
    }
}

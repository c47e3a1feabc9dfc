//! A small plot: two curves on logarithmic axes, as SVG that is legible on light and dark pages.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
/// How far apart the names of the curves are.
const NAMES: f64 = 70.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 52.0;
const INK: &str = "#7d8590";
const COLOURS: [&str; 2] = ["#2f81f7", "#d4761a"];

/// One curve.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// Both coordinates are positive.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Curve {
    pub(crate) fn new(name: &'static str) -> Curve {
        Curve { name, points: Vec::new() }
    }
}

/// An axis from one power of ten to another.
struct Axis {
    low: i32,
    high: i32,
    /// Where those two are drawn.
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Axis {
        let low = values.clone().fold(f64::MAX, f64::min).log10().floor() as i32;
        let high = (values.fold(f64::MIN, f64::max).log10().ceil() as i32).max(low + 1);
        Axis { low, high, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.from + part * (self.to - self.from)
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        (self.low..=self.high).map(|power| 10f64.powi(power))
    }
}

/// Draws up to two curves; there must be a point.
pub(crate) fn draw(title: &str, across: &str, up: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::new(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
    let y = Axis::new(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"{INK}\" role=\"img\">\n<title>{title}</title>\n"
    );
    text(&mut svg, LEFT, TOP - 34.0, "start", title);
    text(&mut svg, (x.from + x.to) / 2.0, HEIGHT - 12.0, "middle", across);
    text(&mut svg, LEFT, TOP - 14.0, "start", up);
    for value in x.decades() {
        let place = x.place(value);
        line(&mut svg, (place, y.from), (place, y.to));
        text(&mut svg, place, y.from + 18.0, "middle", &value.to_string());
    }
    for value in y.decades() {
        let place = y.place(value);
        line(&mut svg, (x.from, place), (x.to, place));
        text(&mut svg, x.from - 8.0, place + 4.0, "end", &value.to_string());
    }
    for (before, (curve, colour)) in curves.iter().zip(COLOURS).enumerate() {
        let places: Vec<_> =
            curve.points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        write(&mut svg, format_args!("<g stroke=\"{colour}\" fill=\"{colour}\">\n"));
        write(
            &mut svg,
            format_args!(
                "<polyline fill=\"none\" stroke-width=\"2\" points=\"{}\"/>\n",
                path.join(" ")
            ),
        );
        for (x, y) in &places {
            write(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n"));
        }
        let (x, y, name) = (WIDTH - RIGHT - NAMES * before as f64, TOP - 34.0, curve.name);
        write(
            &mut svg,
            format_args!(
                "<text stroke=\"none\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">● {name}</text>\n"
            ),
        );
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    write(
        svg,
        format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"),
    );
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    write(
        svg,
        format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{INK}\" stroke-opacity=\".35\"/>\n"
        ),
    );
}

fn write(svg: &mut String, what: std::fmt::Arguments<'_>) {
    svg.write_fmt(what).expect("a string takes everything");
}

//! The report: Markdown tables, printed as rows come in, then the targets.

use crate::bench::Bench;
use crate::server::Kind;
use std::io;

/// Which way a target points.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

struct Target {
    what: String,
    bound: Bound,
    measured: f64,
}

/// The course of a run: what failed, and which targets were met.
#[derive(Default)]
pub(crate) struct Report {
    targets: Vec<Target>,
    notes: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    /// Begins a table of what is measured now.
    pub(crate) fn table(&mut self, title: &str, bench: &Bench, columns: &[&str]) {
        self.begin(&format!("{title}\n\n{}", bench.place()), columns);
    }

    fn begin(&mut self, title: &str, columns: &[&str]) {
        self.write_notes();
        println!("\n## {title}\n\n| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
    }

    /// A row of the table begun last.
    pub(crate) fn row(&mut self, cells: &[String]) {
        println!("| {} |", cells.join(" | "));
    }

    /// A remark below the table begun last; the same one twice is one.
    pub(crate) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    fn write_notes(&mut self) {
        for note in self.notes.drain(..) {
            println!("\n*{note}*");
        }
    }

    /// Passes on a good result. A bad one is noted, and fails the run when it is chatd's or floor's
    /// and not the machine's: [`io::ErrorKind::OutOfMemory`].
    pub(crate) fn accept<T>(&mut self, kind: Kind, what: &str, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let text = format!("{}, {what}: {error}", kind.name());
                self.note(text.clone());
                let lack = error.kind() == io::ErrorKind::OutOfMemory;
                if !lack && !Kind::PEERS.contains(&kind) && !self.failures.contains(&text) {
                    self.failures.push(text);
                }
                None
            }
        }
    }

    /// Holds a measurement against its target; `NaN` was not measured.
    pub(crate) fn target(&mut self, what: impl Into<String>, bound: Bound, measured: f64) {
        self.targets.push(Target { what: what.into(), bound, measured });
    }

    /// Whether something went wrong; a target that isn't met is not wrong.
    pub(crate) fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Prints the targets, and how many measurements were disturbed by other processes.
    pub(crate) fn finish(&mut self, disturbed: usize) {
        self.write_notes();
        if disturbed > 0 {
            println!("\n*Other processes were busy during {disturbed} of the measurements.*");
        }
        if !self.targets.is_empty() {
            self.begin("Targets", &["what", "target", "measured", ""]);
        }
        for Target { what, bound, measured } in std::mem::take(&mut self.targets) {
            let (sign, bound, met) = match bound {
                Bound::AtLeast(bound) => ('≥', bound, measured >= bound),
                Bound::AtMost(bound) => ('≤', bound, measured <= bound),
            };
            let verdict = match met {
                _ if measured.is_nan() => "not measured",
                true => "met",
                false => "**not met**",
            };
            let bound = format!("{sign} {}", plain(bound));
            self.row(&[what, bound, plain(measured), verdict.to_owned()]);
        }
        for failure in &self.failures {
            println!("\nFAILED: {failure}");
        }
    }
}

/// Three significant digits, or zero as such.
pub(crate) fn plain(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "–".to_owned()
    } else if size >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if size >= 1e4 {
        format!("{:.1} k", value / 1e3)
    } else {
        let digits = (2.0 - size.log10().floor()).clamp(0.0, 3.0) as usize;
        format!("{value:.0$}", if size > 0.0 { digits } else { 0 })
    }
}

/// A ratio to something measured beside it.
pub(crate) fn times(value: f64) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.2} ×") }
}

/// Microseconds, in the unit that suits.
pub(crate) fn time(micros: f64) -> String {
    match micros {
        micros if micros.is_nan() => "–".to_owned(),
        micros if micros >= 1e6 => format!("{:.2} s", micros / 1e6),
        micros if micros >= 1e3 => format!("{:.2} ms", micros / 1e3),
        micros => format!("{micros:.0} µs"),
    }
}

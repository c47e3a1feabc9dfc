//! The rows of a cluster: what the way through Redis adds to a line, and how many lines there can be.

use crate::bench::Bench;
use crate::load::{Pace, SENDERS};
use crate::report::{Bound, Report, plain, time};
use crate::sample::{Sample, Setup, median, middle};
use crate::server::{Kind, Tuning};
use crate::throughput::{Row, alternate, in_words, skipped};
use std::time::Duration;

const COLUMNS: [&str; 9] = [
    "receivers",
    "pace",
    "server",
    "lines/s",
    "CPU-s per M lines",
    "p50",
    "p99",
    "p99.9",
    "MiB, threads",
];
/// A chat that many people take part in, and one that nobody can follow.
const RATES: [u64; 2] = [200, 5000];
/// As many lines as there may be, however long one takes.
const MOST: Pace = Pace::Window(1024);
const ROUNDS: usize = 3;

/// A cluster beside chatd without one, and beside nothing but Redis.
pub(crate) fn cluster(bench: &Bench, report: &mut Report) {
    report.table("Cluster", bench, &COLUMNS);
    if !Kind::Redis.installed() {
        return report.note("skipped, because redis-server is not installed".to_owned());
    }
    for receivers in [10, 100] {
        for rate in RATES {
            let row = measure(bench, report, receivers, Pace::Rate(rate), Kind::Nodes(2));
            if rate == RATES[0] {
                hold_latency(report, receivers, &row);
            }
        }
    }
    let row = measure(bench, report, 30, MOST, Kind::Nodes(3));
    let lines = middle(row.of(Kind::Nodes(3)), |sample| lines(Kind::Nodes(3), 30, sample));
    report.target("3 nodes: lines/s", Bound::AtLeast(20_000.0), lines);
}

/// Holds what the way through Redis adds to a line against its targets.
fn hold_latency(report: &mut Report, receivers: usize, row: &Row) {
    let added = |field: fn(&Sample) -> f64| {
        let pairs = row.of(Kind::Nodes(2)).iter().zip(row.of(Kind::Chatd));
        median(pairs.map(|(shared, alone)| field(shared) - field(alone))) / 1000.0
    };
    let what = |part| format!("2 nodes, {receivers} receivers, 200 lines/s: added {part}, ms");
    report.target(what("p50"), Bound::AtMost(0.5), added(|sample| sample.p50));
    report.target(what("p99"), Bound::AtMost(2.0), added(|sample| sample.p99));
}

/// Measures a row, and prints it.
fn measure(bench: &Bench, report: &mut Report, receivers: usize, pace: Pace, nodes: Kind) -> Row {
    if skipped(bench, report, receivers) {
        return Row::default();
    }
    let kinds = [nodes, Kind::Chatd, Kind::Redis];
    let setup =
        |kind| Setup { kind, tuning: Tuning::default(), receivers, pace, span: span(bench) };
    let row = alternate(bench, report, &kinds, setup, ROUNDS);
    for kind in kinds {
        let samples = row.of(kind);
        let middle = |field: &dyn Fn(&Sample) -> f64| middle(samples, field);
        report.row(&[
            receivers.to_string(),
            in_words(pace),
            kind.name().to_owned(),
            plain(middle(&|sample| lines(kind, receivers, sample))),
            plain(middle(&|sample| sample.cpu * hearing(kind, receivers))),
            time(middle(&|sample| sample.p50)),
            time(middle(&|sample| sample.p99)),
            time(middle(&|sample| sample.p999)),
            format!(
                "{}, {}",
                plain(middle(&|sample| sample.resident)),
                plain(middle(&|sample| sample.threads))
            ),
        ]);
    }
    row
}

fn lines(kind: Kind, receivers: usize, sample: &Sample) -> f64 {
    sample.rate / hearing(kind, receivers)
}

/// How many clients hear a line.
fn hearing(kind: Kind, receivers: usize) -> f64 {
    let others = if kind.dialect().senders_hear { SENDERS - 1 } else { 0 };
    (receivers + others) as f64
}

fn span(bench: &Bench) -> Duration {
    Duration::from_secs(if bench.quick { 1 } else { 3 })
}

//! The rows of fan-out: many receivers, with lines in flight or at a fixed rate.

use crate::bench::Bench;
use crate::load::{FULL, Pace, SENDERS};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{Sample, Setup, middle, ratio};
use crate::server::{Kind, Tuning};
use std::time::Duration;

const COLUMNS: [&str; 15] = [
    "receivers",
    "pace",
    "server",
    "deliveries/s",
    "× floor",
    "× redis",
    "CPU-s per M",
    "× floor",
    "× redis",
    "p50",
    "p99",
    "× floor",
    "p99.9",
    "MiB, threads",
    "generator",
];
/// The paces of fan-out, and to how many receivers.
const PACES: [(Pace, &[usize]); 3] = [
    (FULL, &[10, 100, 1000, 5000]),
    (LIGHT, &[10, 100, 1000]),
    (Pace::Single, &[10, 100, 1000, 5000]),
];
/// A quarter of [`FULL`]: batches are small.
const LIGHT: Pace = Pace::Window(16);
/// A few lines a second, to how many receivers.
const QUIET: (usize, Pace) = (200, Pace::Rate(200));
/// How often servers take turns. A row with a target has more than one without.
const ROUNDS: usize = 2;
const MORE_ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 5;
/// Peers that are measured once only, with no more receivers than that.
const SHOWN: [Kind; 2] = [Kind::Ncat, Kind::Ngircd];
const SHOWN_MOST: usize = 100;

/// The samples of one row, a list for each server, in the order they were taken.
#[derive(Default)]
pub(crate) struct Row(Vec<(Kind, Vec<Sample>)>);

impl Row {
    /// That server's.
    pub(crate) fn of(&self, kind: Kind) -> &[Sample] {
        self.0.iter().find(|(found, _)| *found == kind).map_or(&[], |(_, samples)| samples)
    }

    /// The median ratio of chatd's to that server's.
    pub(crate) fn against(&self, peer: Kind, field: impl Fn(&Sample) -> f64) -> f64 {
        ratio(self.of(Kind::Chatd), self.of(peer), field)
    }
}

/// Lines in flight: as many as servers gain from, a quarter of that, and one at a time.
pub(crate) fn fan_out(bench: &Bench, report: &mut Report) {
    report.table("Fan-out", bench, &COLUMNS);
    for (pace, crowds) in PACES {
        for receivers in crowds.iter().copied() {
            let (ours, peers) = match (pace, receivers) {
                (FULL, 100 | 1000) => (true, true),
                (FULL, 5000) | (Pace::Single, 100) => (true, !bench.quick),
                _ => (!bench.quick, !bench.quick),
            };
            if ours {
                let row = measure(bench, report, receivers, pace, peers);
                hold(report, receivers, pace, &row);
                for peer in [Kind::FloorTwice, Kind::Threads] {
                    note_beside(report, peer, receivers, pace, &row);
                }
            }
        }
    }
}

/// Holds a row against its targets.
fn hold(report: &mut Report, receivers: usize, pace: Pace, row: &Row) {
    use Bound::{AtLeast, AtMost};
    let rate = |peer| row.against(peer, |sample| sample.rate);
    let cpu = |peer| row.against(peer, |sample| sample.cpu);
    let p99 = |peer| row.against(peer, |sample| sample.p99);
    let to_floor = ("deliveries/s, × floor", AtLeast(0.7), rate(Kind::Floor));
    let late = ("p99, × floor", AtMost(1.3), p99(Kind::Floor));
    let light = |least, most| {
        let to_floor = ("deliveries/s, × floor", AtLeast(least), rate(Kind::Floor));
        vec![to_floor, ("CPU per delivery, × floor", AtMost(most), cpu(Kind::Floor))]
    };
    let targets = match (pace, receivers) {
        (FULL, 100 | 1000) => vec![
            to_floor,
            ("deliveries/s, × redis", AtLeast(1.4), rate(Kind::Redis)),
            ("CPU per delivery, × floor", AtMost(1.5), cpu(Kind::Floor)),
            ("CPU per delivery, × redis", AtMost(0.5), cpu(Kind::Redis)),
            late,
        ],
        (FULL, 5000) => vec![to_floor],
        (LIGHT, 10) => light(0.9, 1.4),
        (LIGHT, 100) => light(0.95, 1.2),
        (Pace::Single, 100) => vec![late],
        _ if (receivers, pace) == QUIET => vec![("p99, × floor", AtMost(1.1), p99(Kind::Floor))],
        _ => Vec::new(),
    };
    for (what, bound, measured) in targets {
        report.target(format!("{}: {what}", name(receivers, pace)), bound, measured);
    }
}

/// Tells how chatd compares with a server without names that looks twice, or has chatd's threads.
fn note_beside(report: &mut Report, peer: Kind, receivers: usize, pace: Pace, row: &Row) {
    if !row.of(peer).is_empty() {
        let beside = |field: fn(&Sample) -> f64| times(row.against(peer, field));
        let (rate, cpu) = (beside(|sample| sample.rate), beside(|sample| sample.cpu));
        let (row, p99) = (name(receivers, pace), beside(|sample| sample.p99));
        report.note(format!(
            "{row}: chatd beside {}: deliveries/s {rate}, CPU {cpu}, p99 {p99}",
            peer.name()
        ));
    }
}

/// An open loop: so many lines a second.
pub(crate) fn rate(bench: &Bench, report: &mut Report) {
    report.table("Open loop", bench, &COLUMNS);
    let busy = [(100, 10_000), (100, 40_000), (1000, 4000)];
    let paces = busy.map(|(receivers, rate)| (receivers, Pace::Rate(rate)));
    for (receivers, pace) in [QUIET].into_iter().chain(paces) {
        let row = measure(bench, report, receivers, pace, true);
        hold(report, receivers, pace, &row);
        note_beside(report, Kind::Threads, receivers, pace, &row);
    }
}

/// Whether keeping history slows the fan-out.
pub(crate) fn history(bench: &Bench, report: &mut Report) {
    let columns = ["history", "deliveries/s", "CPU-s per M"];
    report.table("2000 receivers, with a history of 1000 lines and without", bench, &columns);
    let mut taken = [(0, Vec::new()), (1000, Vec::new())];
    for _ in 0..MORE_ROUNDS {
        for (history, samples) in &mut taken {
            let mut setup = setup(bench, Kind::Chatd, 2000, FULL);
            setup.tuning.history = *history;
            let sample = setup.sample(bench);
            samples.extend(report.accept(Kind::Chatd, &format!("history of {history}"), sample));
        }
    }
    for (history, samples) in &taken {
        let rate = plain(middle(samples, |sample| sample.rate));
        report.row(&[history.to_string(), rate, plain(middle(samples, |sample| sample.cpu))]);
    }
    let what = "2000 receivers, history kept: deliveries/s, × without";
    let rate = ratio(&taken[1].1, &taken[0].1, |sample| sample.rate);
    report.target(what, Bound::AtLeast(0.8), rate);
}

/// Measures a row, and prints it; `peers` tells whether with all servers or with `floor` only.
fn measure(bench: &Bench, report: &mut Report, receivers: usize, pace: Pace, peers: bool) -> Row {
    if skipped(bench, report, receivers) {
        return Row(Vec::new());
    }
    let mut kinds = vec![Kind::Chatd, Kind::Floor];
    kinds.extend(Some(Kind::FloorTwice).filter(|_| peers && pace == FULL && receivers >= 100));
    kinds.extend(Some(Kind::Threads).filter(|_| peers && wakes_many(receivers, pace)));
    kinds.extend(Some(Kind::Redis).filter(|kind| peers && kind.installed()));
    let rounds = rounds(bench, receivers, pace);
    let mut row =
        alternate(bench, report, &kinds, |kind| setup(bench, kind, receivers, pace), rounds);
    let shown = !bench.quick && receivers <= SHOWN_MOST && matches!(pace, FULL | Pace::Single);
    for kind in SHOWN.into_iter().filter(|kind| shown && kind.installed()) {
        let taken = setup(bench, kind, receivers, pace).sample(bench);
        row.0.push((kind, Vec::from_iter(report.accept(kind, &name(receivers, pace), taken))));
    }
    for (kind, samples) in &row.0 {
        if !samples.is_empty() {
            report.row(&cells(*kind, samples, &row, receivers, pace));
        }
    }
    row
}

/// Whether a thread is woken for every few sends, so that the cost of waking matters.
fn wakes_many(receivers: usize, pace: Pace) -> bool {
    (pace == LIGHT && receivers <= 100) || (receivers, pace) == QUIET
}

/// Notes it when there can't be so many clients.
pub(crate) fn skipped(bench: &Bench, report: &mut Report, clients: usize) -> bool {
    let skipped = !bench.affords(clients);
    if skipped {
        report.note(format!("{clients} clients: skipped, {} files may be open", bench.files));
    }
    skipped
}

/// Measures servers in turn: A B C, A B C, …
pub(crate) fn alternate(
    bench: &Bench,
    report: &mut Report,
    kinds: &[Kind],
    setup: impl Fn(Kind) -> Setup,
    rounds: usize,
) -> Row {
    let mut row = Row(kinds.iter().map(|kind| (*kind, Vec::new())).collect());
    for _ in 0..rounds {
        for (kind, samples) in &mut row.0 {
            let setup = setup(*kind);
            let what = name(setup.receivers, setup.pace);
            samples.extend(report.accept(*kind, &what, setup.sample(bench)));
        }
    }
    row
}

pub(crate) fn setup(bench: &Bench, kind: Kind, receivers: usize, pace: Pace) -> Setup {
    Setup { kind, tuning: Tuning::default(), receivers, pace, span: span(bench) }
}

fn rounds(bench: &Bench, receivers: usize, pace: Pace) -> usize {
    match (pace, receivers) {
        (FULL, 100 | 1000) | (LIGHT, 10 | 100) | (Pace::Single, 100) if !bench.quick => MOST_ROUNDS,
        _ if (receivers, pace) == QUIET => MOST_ROUNDS,
        (FULL, _) if !bench.quick => MORE_ROUNDS,
        _ => ROUNDS,
    }
}

fn span(bench: &Bench) -> Duration {
    Duration::from_millis(if bench.quick { 400 } else { 800 })
}

fn name(receivers: usize, pace: Pace) -> String {
    format!("{receivers} receivers, {}", in_words(pace))
}

pub(crate) fn in_words(pace: Pace) -> String {
    match pace {
        Pace::Window(window) => format!("{SENDERS} × {window} in flight"),
        Pace::Single => "1 in flight".to_owned(),
        Pace::Rate(rate) => format!("{rate} lines/s"),
    }
}

fn cells(kind: Kind, samples: &[Sample], row: &Row, receivers: usize, pace: Pace) -> Vec<String> {
    let middle = |field: fn(&Sample) -> f64| middle(samples, field);
    let [floor, redis] = [Kind::Floor, Kind::Redis]
        .map(|kind| move |field: fn(&Sample) -> f64| times(ratio(samples, row.of(kind), field)));
    vec![
        receivers.to_string(),
        in_words(pace),
        kind.name().to_owned(),
        plain(middle(|sample| sample.rate)),
        floor(|sample| sample.rate),
        redis(|sample| sample.rate),
        plain(middle(|sample| sample.cpu)),
        floor(|sample| sample.cpu),
        redis(|sample| sample.cpu),
        time(middle(|sample| sample.p50)),
        time(middle(|sample| sample.p99)),
        floor(|sample| sample.p99),
        time(middle(|sample| sample.p999)),
        format!(
            "{}, {}",
            plain(middle(|sample| sample.resident)),
            plain(middle(|sample| sample.threads))
        ),
        format!("{:.0} %", middle(|sample| sample.generator) * 100.0),
    ]
}

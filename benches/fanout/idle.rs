//! The rows of idle clients: what they cost, how fast they connect, and whom they delay by leaving.

use crate::bench::{Bench, Meter};
use crate::crowd::Crowd;
use crate::load::{Load, Pace};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{micros, middle, ratio};
use crate::server::{Kind, Tuning};
use crate::throughput::skipped;
use crate::wire::{self, Dialect};
use std::io;
use std::time::Duration;

/// How long they are left alone before they are looked at, and while.
const SETTLE: Duration = Duration::from_secs(1);
const WATCH: Duration = Duration::from_secs(2);
/// As [`WATCH`], in haste.
const GLANCE: Duration = Duration::from_secs(1);
/// Who stays when all others leave, and how often they speak.
const STAY: usize = 50;
const PACE: Pace = Pace::Rate(20);
const LEAVE: Duration = Duration::from_millis(1500);

/// Those who say nothing, and those who say their name, where there are names.
const SILENT: [(Kind, &Dialect); 4] = [
    (Kind::Chatd, &wire::CHATD_SILENT),
    (Kind::Floor, &wire::FLOOR),
    (Kind::ChatdIrc, &wire::CHATD_IRC_SILENT),
    (Kind::Redis, &wire::REDIS),
];
const NAMED: [(Kind, &Dialect); 5] = [
    (Kind::Chatd, &wire::CHATD_NAMED),
    (Kind::Floor, &wire::FLOOR),
    (Kind::Threads, &wire::FLOOR),
    (Kind::ChatdLines, &wire::LINES_NAMED),
    (Kind::Redis, &wire::REDIS),
];
/// The load generator takes long to shake hands with them, and so they are fewer.
const NAMED_SECURE: [(Kind, &Dialect); 2] =
    [(Kind::ChatdTls, &wire::CHATD_NAMED), (Kind::ChatdSecureLines, &wire::LINES_NAMED)];
const MANY: usize = 10_000;
const FEWER: usize = 3000;

/// What was measured of each server.
type Row = Vec<(Kind, Vec<Idle>)>;

struct Idle {
    connects: f64,
    /// Resident KiB per client.
    resident: f64,
    threads: f64,
    /// The share of a processor.
    cpu: f64,
    /// Latencies in microseconds of those who stayed while all others left.
    p99: f64,
    worst: f64,
}

/// 1000 and 10,000 clients that have said nothing, and those that have said their name.
pub(crate) fn idle(bench: &Bench, report: &mut Report) {
    let columns = [
        "clients",
        "server",
        "connects/s",
        "× floor",
        "× redis",
        "KiB per client",
        "threads",
        "CPU",
        "all leave: p99 of 50 others",
        "worst",
    ];
    report.table("Idle clients", bench, &columns);
    let rows: &[(usize, usize)] =
        if bench.quick { &[(1000, 1)] } else { &[(1000, 1), (10_000, 3)] };
    for &(clients, rounds) in rows {
        let row = row(bench, report, &SILENT, clients, rounds);
        if clients == MANY {
            hold(report, of(&row, Kind::Chatd));
        }
    }
    if !bench.quick {
        report.table("Idle clients that have said their name", bench, &columns);
        let row = row(bench, report, &NAMED, MANY, 3);
        hold_named(report, MANY, &row);
        for (peer, least) in [(Kind::Redis, 0.7), (Kind::Threads, 0.9)] {
            let connects = ratio(of(&row, Kind::Chatd), of(&row, peer), |idle| idle.connects);
            let what = format!("{MANY} clients with a name: connects/s, × {}", peer.name());
            report.target(what, Bound::AtLeast(least), connects);
        }
        let row = self::row(bench, report, &NAMED_SECURE, FEWER, 1);
        hold_named(report, FEWER, &row);
    }
}

/// Measures servers in turn, and prints a row of each.
fn row(
    bench: &Bench,
    report: &mut Report,
    crowd: &[(Kind, &'static Dialect)],
    clients: usize,
    rounds: usize,
) -> Row {
    if skipped(bench, report, clients + STAY) {
        return Row::new();
    }
    let is_wanted = |kind: Kind| kind.installed() && !(bench.quick && kind == Kind::Redis);
    let crowd = || crowd.iter().filter(|(kind, _)| is_wanted(*kind));
    let mut row: Row = crowd().map(|(kind, _)| (*kind, Vec::new())).collect();
    for _ in 0..rounds {
        for ((kind, taken), (_, dialect)) in row.iter_mut().zip(crowd()) {
            let idle = bench.calmly(|| measure(bench, *kind, dialect, clients));
            taken.extend(report.accept(*kind, &format!("{clients} idle"), idle));
        }
    }
    for (kind, taken) in &row {
        let connects = |peer| times(ratio(taken, of(&row, peer), |idle| idle.connects));
        report.row(&[
            clients.to_string(),
            kind.name().to_owned(),
            plain(middle(taken, |idle| idle.connects)),
            connects(Kind::Floor),
            connects(Kind::Redis),
            plain(middle(taken, |idle| idle.resident)),
            plain(middle(taken, |idle| idle.threads)),
            format!("{} %", plain(middle(taken, |idle| idle.cpu * 100.0))),
            time(middle(taken, |idle| idle.p99)),
            time(middle(taken, |idle| idle.worst)),
        ]);
    }
    row
}

/// What was measured of that server.
fn of(row: &Row, kind: Kind) -> &[Idle] {
    row.iter().find(|(found, _)| *found == kind).map_or(&[], |(_, taken)| taken)
}

fn hold(report: &mut Report, chatd: &[Idle]) {
    let resident = middle(chatd, |idle| idle.resident);
    report.target("10,000 idle clients: resident KiB each", Bound::AtMost(12.0), resident);
    let cpu = middle(chatd, |idle| idle.cpu * 100.0);
    report.target("10,000 idle clients: CPU %", Bound::AtMost(0.0), cpu);
    let connects = middle(chatd, |idle| idle.connects);
    report.target("10,000 idle clients: connects/s", Bound::AtLeast(10_000.0), connects);
}

fn hold_named(report: &mut Report, clients: usize, row: &Row) {
    for (kind, taken) in row {
        let most = match kind {
            Kind::Chatd => 12.0,
            Kind::ChatdLines => 16.0,
            Kind::ChatdTls => 24.0,
            Kind::ChatdSecureLines => 30.0,
            _ => continue,
        };
        let what = format!("{clients} clients with a name, {}: resident KiB each", kind.name());
        report.target(what, Bound::AtMost(most), middle(taken, |idle| idle.resident));
    }
}

fn measure(
    bench: &Bench,
    kind: Kind,
    dialect: &Dialect,
    clients: usize,
) -> io::Result<(Idle, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let empty = server.size()?;
    let meter = Meter::start(bench, &server)?;
    let Crowd { members, took, .. } = Crowd::gather(&server, dialect, clients, 0)?;
    let others_meanwhile = meter.stop()?.others;
    let connects = clients as f64 / took.as_secs_f64();

    std::thread::sleep(SETTLE);
    let (full, before) = (server.size()?, server.cpu()?);
    let watch = if bench.quick { GLANCE } else { WATCH };
    std::thread::sleep(watch);
    let cpu = (server.cpu()? - before).as_secs_f64() / watch.as_secs_f64();

    let mut others = Load::gather(&server, kind.dialect(), STAY)?;
    others.drive(PACE, LEAVE / 5, None)?;
    let leaving =
        std::thread::Builder::new().name("leaving".to_owned()).spawn(move || drop(members))?;
    let outcome = others.drive(PACE, LEAVE, None)?;
    leaving.join().map_err(|_| io::Error::other("they could not leave"))?;
    let idle = Idle {
        connects,
        resident: (full.resident as f64 - empty.resident as f64) / 1024.0 / clients as f64,
        threads: full.threads as f64,
        cpu,
        p99: micros(outcome.latency.quantile(0.99)),
        worst: micros(outcome.latency.quantile(1.0)),
    };
    Ok((idle, others_meanwhile))
}

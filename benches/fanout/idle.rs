//! The rows of idle clients: what they cost, how fast they connect, and whom they delay by leaving.

use crate::bench::{Bench, Meter};
use crate::crowd::Crowd;
use crate::load::{Load, Pace};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{micros, middle, ratio};
use crate::server::{Kind, Tuning};
use crate::throughput::skipped;
use crate::wire;
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

/// 1000 and 10,000 clients that only listen.
pub(crate) fn idle(bench: &Bench, report: &mut Report) {
    report.table(
        "Idle clients",
        bench,
        &[
            "clients",
            "server",
            "connects/s",
            "× floor",
            "KiB per client",
            "threads",
            "CPU",
            "all leave: p99 of 50 others",
            "worst",
        ],
    );
    let rows: &[(usize, usize)] =
        if bench.quick { &[(1000, 1)] } else { &[(1000, 1), (10_000, 3)] };
    for &(clients, rounds) in rows {
        if skipped(bench, report, clients + STAY) {
            continue;
        }
        let kinds = [Kind::Chatd, Kind::Floor, Kind::ChatdIrc];
        let mut row: Vec<_> = kinds.map(|kind| (kind, Vec::new())).into();
        if !bench.quick && Kind::Redis.installed() {
            row.push((Kind::Redis, Vec::new()));
        }
        for _ in 0..rounds {
            for (kind, taken) in &mut row {
                let idle = bench.calmly(|| measure(bench, *kind, clients));
                taken.extend(report.accept(*kind, &format!("{clients} idle"), idle));
            }
        }
        for (kind, taken) in &row {
            let floor = &row[1].1;
            report.row(&[
                clients.to_string(),
                kind.name().to_owned(),
                plain(middle(taken, |idle| idle.connects)),
                times(ratio(taken, floor, |idle| idle.connects)),
                plain(middle(taken, |idle| idle.resident)),
                plain(middle(taken, |idle| idle.threads)),
                format!("{} %", plain(middle(taken, |idle| idle.cpu * 100.0))),
                time(middle(taken, |idle| idle.p99)),
                time(middle(taken, |idle| idle.worst)),
            ]);
        }
        if clients == 10_000 {
            hold(report, &row[0].1);
        }
    }
}

fn hold(report: &mut Report, chatd: &[Idle]) {
    let resident = middle(chatd, |idle| idle.resident);
    report.target("10,000 idle clients: resident KiB each", Bound::AtMost(12.0), resident);
    let cpu = middle(chatd, |idle| idle.cpu * 100.0);
    report.target("10,000 idle clients: CPU %", Bound::AtMost(0.0), cpu);
    let connects = middle(chatd, |idle| idle.connects);
    report.target("10,000 idle clients: connects/s", Bound::AtLeast(10_000.0), connects);
}

fn measure(bench: &Bench, kind: Kind, clients: usize) -> io::Result<(Idle, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let empty = server.size()?;
    let dialect = match kind {
        Kind::Chatd => &wire::CHATD_SILENT,
        Kind::ChatdIrc => &wire::CHATD_IRC_SILENT,
        _ => kind.dialect(),
    };
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

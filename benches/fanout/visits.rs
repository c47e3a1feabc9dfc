//! The row of those who come, say hello and leave, while 50 others talk on.

use crate::bench::{Bench, Meter};
use crate::churn::Churn;
use crate::load::{Load, Pace};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{micros, middle, ratio};
use crate::server::{Kind, Tuning};
use crate::wire;
use std::io;
use std::time::Duration;

const OTHERS: usize = 50;
const PACE: Pace = Pace::Rate(200);

struct Visits {
    /// Visitors a second.
    rate: f64,
    /// Server CPU microseconds each.
    cpu: f64,
    /// Latencies of the others in microseconds, alone and with visitors.
    alone: f64,
    p99: f64,
    worst: f64,
}

/// How many can come and go, and what the others notice.
pub(crate) fn visits(bench: &Bench, report: &mut Report) {
    report.table(
        "Connect, say hello, leave",
        bench,
        &[
            "server",
            "visitors/s",
            "× floor",
            "CPU µs each",
            "50 others: p99 alone",
            "p99 meanwhile",
            "× floor",
            "worst",
        ],
    );
    let mut row = [(Kind::Chatd, Vec::new()), (Kind::Floor, Vec::new())];
    for _ in 0..if bench.quick { 1 } else { 3 } {
        for (kind, taken) in &mut row {
            taken.extend(report.accept(*kind, "visitors", bench.calmly(|| measure(bench, *kind))));
        }
    }
    let [(_, chatd), (_, floor)] = &row;
    for (kind, taken) in &row {
        report.row(&[
            kind.name().to_owned(),
            plain(middle(taken, |visits| visits.rate)),
            times(ratio(taken, floor, |visits| visits.rate)),
            plain(middle(taken, |visits| visits.cpu)),
            time(middle(taken, |visits| visits.alone)),
            time(middle(taken, |visits| visits.p99)),
            times(ratio(taken, floor, |visits| visits.p99)),
            time(middle(taken, |visits| visits.worst)),
        ]);
    }
    let rate = middle(chatd, |visits| visits.rate);
    report.target("connect, say hello, leave: a second", Bound::AtLeast(10_000.0), rate);
    let p99 = ratio(chatd, floor, |visits| visits.p99);
    report.target("meanwhile 50 others: p99, × floor", Bound::AtMost(1.3), p99);
}

fn measure(bench: &Bench, kind: Kind) -> io::Result<(Visits, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let mut load = Load::gather(&server, kind.dialect(), OTHERS)?;
    let span = Duration::from_millis(if bench.quick { 800 } else { 2000 });
    let alone = load.drive(PACE, span, None)?.latency.quantile(0.99);

    let dialect = if kind == Kind::Chatd { &wire::CHATD_SILENT } else { kind.dialect() };
    let mut churn = Churn::new(&server, dialect)?;
    let meter = Meter::start(bench, &server)?;
    let outcome = load.drive(PACE, span, Some(&mut churn))?;
    let bill = meter.stop()?;
    let visitors = churn.left() as f64;
    let visits = Visits {
        rate: visitors / outcome.elapsed.as_secs_f64(),
        cpu: micros(bill.server) / visitors,
        alone: micros(alone),
        p99: micros(outcome.latency.quantile(0.99)),
        worst: micros(outcome.latency.quantile(1.0)),
    };
    Ok((visits, bill.others))
}

//! The rows of those who come, say hello and leave, while 50 others talk on.

use crate::bench::{Bench, Meter};
use crate::churn::Churn;
use crate::load::{Load, Pace};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{micros, middle, ratio};
use crate::server::{Kind, Tuning};
use crate::wire::{self, Dialect};
use std::io;
use std::time::Duration;

const OTHERS: usize = 50;
const ROUNDS: usize = 6;
const ALONE: Duration = Duration::from_millis(500);
const PACE: Pace = Pace::Rate(200);

/// Where the others are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// In a room of their own; visitors hear each other.
    ChatdApart,
    /// Where visitors are, so that each hello also costs 50 deliveries.
    Chatd,
    /// The same: it has no rooms.
    Floor,
}

impl Setting {
    const ALL: [Setting; 3] = [Setting::ChatdApart, Setting::Chatd, Setting::Floor];

    fn name(self) -> &'static str {
        match self {
            Setting::ChatdApart => "chatd, the others in another room",
            Setting::Chatd => "chatd, in the same room",
            Setting::Floor => "floor",
        }
    }

    fn kind(self) -> Kind {
        if self == Setting::Floor { Kind::Floor } else { Kind::Chatd }
    }

    /// How the others speak, and how visitors do.
    fn dialects(self) -> [&'static Dialect; 2] {
        match self {
            Setting::ChatdApart => [&wire::CHATD_APART, &wire::CHATD_SILENT],
            Setting::Chatd => [&wire::CHATD, &wire::CHATD_SILENT],
            Setting::Floor => [&wire::FLOOR, &wire::FLOOR],
        }
    }
}

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
    let mut rows = Setting::ALL.map(|setting| (setting, Vec::new()));
    for _ in 0..if bench.quick { 1 } else { ROUNDS } {
        for (setting, taken) in &mut rows {
            let visits = bench.calmly(|| measure(bench, *setting));
            taken.extend(report.accept(setting.kind(), "visitors", visits));
        }
    }
    let [(_, apart), (_, together), (_, floor)] = &rows;
    for (setting, taken) in &rows {
        report.row(&[
            setting.name().to_owned(),
            plain(middle(taken, |visits| visits.rate)),
            times(ratio(taken, floor, |visits| visits.rate)),
            plain(middle(taken, |visits| visits.cpu)),
            time(middle(taken, |visits| visits.alone)),
            time(middle(taken, |visits| visits.p99)),
            times(ratio(taken, floor, |visits| visits.p99)),
            time(middle(taken, |visits| visits.worst)),
        ]);
    }
    let rate = middle(apart, |visits| visits.rate);
    report.target("connect, say hello, leave: a second", Bound::AtLeast(10_000.0), rate);
    let rate = ratio(together, floor, |visits| visits.rate);
    report.target("the same, all in one room: × floor", Bound::AtLeast(0.7), rate);
    let p99 = ratio(apart, floor, |visits| visits.p99);
    report.target("meanwhile 50 others: p99, × floor", Bound::AtMost(1.3), p99);
}

fn measure(bench: &Bench, setting: Setting) -> io::Result<(Visits, f64)> {
    let server = bench.start(setting.kind(), Tuning::default())?;
    let [others, visitors] = setting.dialects();
    let mut load = Load::gather(&server, others, OTHERS)?;
    let span = Duration::from_millis(if bench.quick { 600 } else { 2000 });
    let alone = load.drive(PACE, span.min(ALONE), None)?.latency.quantile(0.99);

    let mut churn = Churn::new(&server, visitors, setting != Setting::ChatdApart)?;
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

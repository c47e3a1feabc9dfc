//! The rows of clients that connect, say hello and leave, while 50 others continue to talk.

use crate::bench::{Bench, Meter};
use crate::churn::Churn;
use crate::latency::Histogram;
use crate::load::{Load, Pace};
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{median, micros};
use crate::server::{Kind, Server, Tuning};
use crate::wire::{self, Dialect};
use std::io;
use std::time::Duration;

const OTHERS: usize = 50;
const ROUNDS: usize = 4;
/// The servers take turns this often, since the machine does not stay the same for seconds.
const TURNS: usize = 6;
const TURN: Duration = Duration::from_millis(500);
const ALONE: Duration = Duration::from_millis(500);
/// How many a second there are to be.
const WANTED: f64 = 10_000.0;
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
    /// The same.
    Threads,
}

impl Setting {
    const ALL: [Setting; 4] =
        [Setting::ChatdApart, Setting::Chatd, Setting::Floor, Setting::Threads];

    fn name(self) -> &'static str {
        match self {
            Setting::ChatdApart => "chatd, the others in another room",
            Setting::Chatd => "chatd, in the same room",
            Setting::Floor | Setting::Threads => self.kind().name(),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Setting::ChatdApart | Setting::Chatd => Kind::Chatd,
            Setting::Floor => Kind::Floor,
            Setting::Threads => Kind::Threads,
        }
    }

    /// How the others speak, and how visitors do.
    fn dialects(self) -> [&'static Dialect; 2] {
        match self {
            Setting::ChatdApart => [&wire::CHATD_APART, &wire::CHATD_SILENT],
            Setting::Chatd => [&wire::CHATD, &wire::CHATD_SILENT],
            Setting::Floor | Setting::Threads => [&wire::FLOOR, &wire::FLOOR],
        }
    }
}

/// What was measured in one setting, all turns together.
#[derive(Default)]
struct Visits {
    visitors: u64,
    elapsed: Duration,
    /// The server's CPU time.
    cpu: Duration,
    /// Latencies of the others, alone and with visitors.
    alone: Histogram,
    meanwhile: Histogram,
    /// The share of a processor that other processes had in each turn.
    busy: Vec<f64>,
}

impl Visits {
    fn add(&mut self, more: Visits) {
        self.visitors += more.visitors;
        self.elapsed += more.elapsed;
        self.cpu += more.cpu;
        self.alone.add(&more.alone);
        self.meanwhile.add(&more.meanwhile);
        self.busy.extend(more.busy);
    }

    /// Visitors a second.
    fn rate(&self) -> f64 {
        self.visitors as f64 / self.elapsed.as_secs_f64()
    }

    /// The p99 of the others meanwhile.
    fn p99(&self) -> f64 {
        micros(self.meanwhile.quantile(0.99))
    }
}

type Rows = [Visits; Setting::ALL.len()];

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
    let mut rows = Rows::default();
    for _ in 0..if bench.quick { 1 } else { ROUNDS } {
        let round = report.accept(Kind::Chatd, "visitors", bench.calmly(|| measure(bench)));
        rows.iter_mut().zip(round.into_iter().flatten()).for_each(|(row, more)| row.add(more));
    }
    let [apart, together, floor, threads] = &rows;
    for (setting, row) in Setting::ALL.into_iter().zip(&rows) {
        report.row(&[
            setting.name().to_owned(),
            plain(row.rate()),
            times(row.rate() / floor.rate()),
            plain(micros(row.cpu) / row.visitors as f64),
            time(micros(row.alone.quantile(0.99))),
            time(row.p99()),
            times(row.p99() / floor.p99()),
            time(micros(row.meanwhile.quantile(1.0))),
        ]);
    }
    if floor.rate() < WANTED {
        report.note(format!(
            "floor has fewer than {} a second here: so has the machine",
            plain(WANTED)
        ));
    }
    report.target("connect, say hello, leave: a second", Bound::AtLeast(WANTED), apart.rate());
    let rate = apart.rate() / floor.rate();
    report.target("the same: × floor, which has no rooms", Bound::AtLeast(1.1), rate);
    for (peer, least, theirs) in [("floor", 0.7, floor), ("one thread each", 0.9, threads)] {
        let what = format!("the same, all in one room: × {peer}");
        report.target(what, Bound::AtLeast(least), together.rate() / theirs.rate());
    }
    let p99 = apart.p99() / floor.p99();
    report.target("meanwhile 50 others: p99, × floor", Bound::AtMost(1.3), p99);
}

/// A server for each setting, turn by turn.
fn measure(bench: &Bench) -> io::Result<(Rows, f64)> {
    let (mut houses, mut rows) = (Vec::new(), Rows::default());
    for (setting, row) in Setting::ALL.into_iter().zip(&mut rows) {
        let mut house = House::open(bench, setting)?;
        row.alone = house.load.drive(PACE, ALONE, None)?.latency;
        houses.push(house);
    }
    for _ in 0..if bench.quick { 2 } else { TURNS } {
        for (house, row) in houses.iter_mut().zip(&mut rows) {
            row.add(house.receive(bench)?);
        }
    }
    let busy = median(rows.iter().flat_map(|row| &row.busy).copied());
    Ok((rows, busy))
}

/// A server with its regulars.
struct House {
    server: Server,
    load: Load,
    churn: Churn,
}

impl House {
    fn open(bench: &Bench, setting: Setting) -> io::Result<House> {
        let server = bench.start(setting.kind(), Tuning::default())?;
        let [others, visitors] = setting.dialects();
        let load = Load::gather(&server, others, OTHERS)?;
        let churn = Churn::new(&server, visitors, setting != Setting::ChatdApart)?;
        Ok(House { server, load, churn })
    }

    /// Lets visitors come and go for a turn.
    fn receive(&mut self, bench: &Bench) -> io::Result<Visits> {
        let before = self.churn.left();
        let meter = Meter::start(bench, &self.server)?;
        let outcome = self.load.drive(PACE, TURN, Some(&mut self.churn))?;
        let bill = meter.stop()?;
        Ok(Visits {
            visitors: self.churn.left() - before,
            elapsed: outcome.elapsed,
            cpu: bill.server,
            alone: Histogram::default(),
            meanwhile: outcome.latency,
            busy: vec![bill.others],
        })
    }
}

//! The rows of clients that never read: they must not slow the others.

use crate::bench::Bench;
use crate::crowd::Crowd;
use crate::load::{FULL, Load};
use crate::os;
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{Sample, mean, median};
use crate::server::{Kind, Server, Tuning};
use std::io;
use std::time::Duration;

const RECEIVERS: usize = 100;
/// Of the few, who are soon dropped, and of the many.
const SHORT_ROUNDS: usize = 13;
const ROUNDS: usize = 6;
/// The two servers take turns this often, since the machine does not stay the same for seconds.
const TURNS: usize = 8;
const TURN: Duration = Duration::from_millis(150);
const SETTLING: Duration = Duration::from_millis(200);
/// The send queue of the row where the stalled are dropped.
const QUEUE: usize = 1 << 20;
/// When the room has said so many bytes, the kernel has taken all it will for who doesn't read, and
/// the send queue is full.
const SPENT: u64 = 12 << 20;
/// How much more than the queues may be resident: the allocator's share.
const SLACK: f64 = 8.0;
/// Filling the sockets of a thousand stops here: their server would not be bounded.
const MOST_RESIDENT: u64 = 4 << 30;

/// The others beside the stalled, as long as all of these are there, and those of a server that has
/// none: turn by turn.
#[derive(Default)]
struct Stalled {
    beside: Vec<Sample>,
    without: Vec<Sample>,
    /// In each round, how many were dropped and how many MiB more were resident at most.
    dropped: Vec<f64>,
    more: Vec<f64>,
}

impl Stalled {
    fn add(&mut self, round: Stalled) {
        self.beside.extend(round.beside);
        self.without.extend(round.without);
        self.dropped.extend(round.dropped);
        self.more.extend(round.more);
    }

    /// What the others have beside the stalled, of what they have without.
    fn kept(&self, field: fn(&Sample) -> f64) -> f64 {
        mean(&self.beside, field) / mean(&self.without, field)
    }

    /// How many were dropped in each round at least.
    fn dropped(&self) -> f64 {
        self.dropped.iter().copied().reduce(f64::min).unwrap_or(f64::NAN)
    }
}

/// Five that are dropped, and a thousand that are not yet.
pub(crate) fn stalled(bench: &Bench, report: &mut Report) {
    report.table(
        "Stalled readers beside 100 others (chatd only)",
        bench,
        &[
            "stalled",
            "the others without: deliveries/s",
            "beside them",
            "× without",
            "CPU, × without",
            "p99",
            "dropped",
            "MiB more",
        ],
    );
    few(bench, report);
    if !bench.quick {
        many(bench, report);
    }
}

fn few(bench: &Bench, report: &mut Report) {
    let tuning = Tuning { send_queue: QUEUE, ..Tuning::default() };
    let stalled = take(bench, report, tuning, 5, SHORT_ROUNDS);
    report.target(
        "5 of 105 never read: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        stalled.kept(|sample| sample.rate),
    );
    report.target("5 of 105 never read: dropped", Bound::AtLeast(5.0), stalled.dropped());
    let most = 5.0 * (QUEUE >> 20) as f64 + SLACK;
    report.target(
        "5 of 105 never read: MiB more at most",
        Bound::AtMost(most),
        median(stalled.more.iter().copied()),
    );
}

fn many(bench: &Bench, report: &mut Report) {
    let stalled = take(bench, report, Tuning::default(), 1000, ROUNDS);
    report.target(
        "1000 stalled beside 100: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        stalled.kept(|sample| sample.rate),
    );
}

/// Measures with so many stalled.
fn take(
    bench: &Bench,
    report: &mut Report,
    tuning: Tuning,
    count: usize,
    rounds: usize,
) -> Stalled {
    let mut stalled = Stalled::default();
    for number in 0..if bench.quick { 2 } else { rounds } {
        let round = bench.calmly(|| measure(bench, tuning, count, number));
        let round = report.accept(Kind::Chatd, &format!("{count} stalled"), round);
        stalled.add(round.unwrap_or_default());
    }
    report.row(&[
        format!("{count}, queues of {} MiB", tuning.send_queue >> 20),
        plain(mean(&stalled.without, |sample| sample.rate)),
        plain(mean(&stalled.beside, |sample| sample.rate)),
        times(stalled.kept(|sample| sample.rate)),
        times(stalled.kept(|sample| sample.cpu)),
        time(mean(&stalled.beside, |sample| sample.p99)),
        plain(stalled.dropped()),
        plain(median(stalled.more.iter().copied())),
    ]);
    stalled
}

fn measure(
    bench: &Bench,
    tuning: Tuning,
    stalled: usize,
    round: usize,
) -> io::Result<(Stalled, f64)> {
    let start = || -> io::Result<_> {
        let server = bench.start(Kind::Chatd, tuning)?;
        let mut load = Load::gather(&server, Kind::Chatd.dialect(), RECEIVERS)?;
        load.drive(FULL, SETTLING, None)?;
        Ok((server, load))
    };
    let (server, mut load) = start()?;
    let (other, mut undisturbed) = start()?;
    let peak = server.size()?.peak;
    let crowd = Crowd::gather(&server, Kind::Chatd.dialect(), stalled, 0)?;
    fill(&server, &mut load)?;
    let said = load.said();
    let (mut beside, mut without) = (Vec::new(), Vec::new());
    // Whoever has the first turn of two has the worse one.
    for turn in 0..TURNS {
        let mut free = || Sample::take(bench, &other, &mut undisturbed, FULL, TURN);
        let early = if (round + turn) % 2 == 1 { Some(free()?) } else { None };
        let sample = Sample::take(bench, &server, &mut load, FULL, TURN)?;
        if crowd.members.iter().any(|member| os::is_reset(&member.socket)) {
            break;
        }
        beside.push(sample);
        without.push(early.map_or_else(free, Ok)?);
    }
    while load.said() - said < SPENT {
        load.drive(FULL, SETTLING, None)?;
    }
    let more = (server.size()?.peak - peak) as f64 / (1 << 20) as f64;
    let dropped = crowd.members.iter().filter(|member| os::is_reset(&member.socket)).count();
    let samples = beside.iter().chain(&without);
    let others = median(samples.map(|sample| sample.others));
    Ok((Stalled { beside, without, dropped: vec![dropped as f64], more: vec![more] }, others))
}

/// Talks until the kernel has taken all it will for those who don't read, so that from then on
/// they wait in the server. [`io::ErrorKind::OutOfMemory`] when the kernel can't hold that much.
fn fill(server: &Server, load: &mut Load) -> io::Result<()> {
    let mut before = 0.0;
    loop {
        load.drive(FULL, Duration::from_millis(100), None)?;
        let pressure = os::tcp_pressure()?;
        if pressure > 0.9 {
            let text = "the kernel runs out of memory for sockets before theirs are full";
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, text));
        }
        if server.size()?.resident > MOST_RESIDENT {
            return Err(io::Error::other("the stalled cost more memory than is bearable"));
        }
        if pressure < before * 1.01 {
            return Ok(());
        }
        before = pressure;
    }
}

//! The rows of those who never read: the others must not pay for them.

use crate::bench::Bench;
use crate::crowd::Crowd;
use crate::load::{FULL, Load};
use crate::os;
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{Sample, middle};
use crate::server::{Kind, Server, Tuning};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use std::io;
use std::time::{Duration, Instant};

const RECEIVERS: usize = 100;
const ROUNDS: usize = 9;
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

/// The others beside the stalled, and those of a server that has none.
struct Stalled {
    beside: Vec<Sample>,
    without: Vec<Sample>,
    dropped: usize,
    /// How many MiB more were resident at most.
    more: f64,
}

impl Stalled {
    /// What the others have beside the stalled, of what they have without.
    fn kept(&self, field: fn(&Sample) -> f64) -> f64 {
        mean(&self.beside, field) / mean(&self.without, field)
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
    let taken = take(bench, report, tuning, 5);
    report.target(
        "5 of 105 never read: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        middle(&taken, |stalled| stalled.kept(|sample| sample.rate)),
    );
    let dropped = middle(&taken, |stalled| stalled.dropped as f64);
    report.target("5 of 105 never read: dropped", Bound::AtLeast(5.0), dropped);
    let more = middle(&taken, |stalled| stalled.more);
    let most = 5.0 * (QUEUE >> 20) as f64 + SLACK;
    report.target("5 of 105 never read: MiB more at most", Bound::AtMost(most), more);
}

fn many(bench: &Bench, report: &mut Report) {
    let taken = take(bench, report, Tuning::default(), 1000);
    report.target(
        "1000 stalled beside 100: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        middle(&taken, |stalled| stalled.kept(|sample| sample.rate)),
    );
}

/// Measures with so many stalled.
fn take(bench: &Bench, report: &mut Report, tuning: Tuning, count: usize) -> Vec<Stalled> {
    let mut taken = Vec::new();
    for _ in 0..if bench.quick { 1 } else { ROUNDS } {
        let stalled = bench.calmly(|| measure(bench, tuning, count));
        taken.extend(report.accept(Kind::Chatd, &format!("{count} stalled"), stalled));
    }
    let middle = |field: fn(&Stalled) -> f64| middle(&taken, field);
    report.row(&[
        count.to_string(),
        plain(middle(|stalled| mean(&stalled.without, |sample| sample.rate))),
        plain(middle(|stalled| mean(&stalled.beside, |sample| sample.rate))),
        times(middle(|stalled| stalled.kept(|sample| sample.rate))),
        times(middle(|stalled| stalled.kept(|sample| sample.cpu))),
        time(middle(|stalled| mean(&stalled.beside, |sample| sample.p99))),
        plain(middle(|stalled| stalled.dropped as f64)),
        plain(middle(|stalled| stalled.more)),
    ]);
    taken
}

fn measure(bench: &Bench, tuning: Tuning, stalled: usize) -> io::Result<(Stalled, f64)> {
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
    for _ in 0..TURNS {
        beside.push(Sample::take(bench, &server, &mut load, FULL, TURN)?);
        without.push(Sample::take(bench, &other, &mut undisturbed, FULL, TURN)?);
    }
    while load.said() - said < SPENT {
        load.drive(FULL, SETTLING, None)?;
    }
    let more = (server.size()?.peak - peak) as f64 / (1 << 20) as f64;
    let deadline = Instant::now() + Duration::from_millis(200);
    let dropped = crowd.members.iter().filter(|member| ends(&member.socket, deadline)).count();
    let others = mean(&beside, |sample| sample.others).max(mean(&without, |sample| sample.others));
    Ok((Stalled { beside, without, dropped, more }, others))
}

fn mean(samples: &[Sample], field: impl Fn(&Sample) -> f64) -> f64 {
    samples.iter().map(field).sum::<f64>() / samples.len() as f64
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

/// Whether a stream comes to its end when read now, or shortly, at the deadline.
fn ends(socket: &OwnedFd, deadline: Instant) -> bool {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match rustix::net::recv(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return true,
            Ok(_) => {}
            Err(Errno::AGAIN) if Instant::now() > deadline => return false,
            Err(Errno::AGAIN) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return true,
        }
    }
}

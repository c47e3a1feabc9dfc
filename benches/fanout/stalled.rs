//! The rows of those who never read: the others must not pay for them.

use crate::bench::Bench;
use crate::crowd::Crowd;
use crate::load::{FULL, Load};
use crate::os;
use crate::report::{Bound, Report, plain, time};
use crate::sample::{Sample, middle, ratio};
use crate::server::{Kind, Server, Tuning};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use std::io;
use std::time::{Duration, Instant};

const RECEIVERS: usize = 100;
const SPAN: Duration = Duration::from_secs(2);
/// The send queue of the row where the stalled are dropped.
const QUEUE: usize = 1 << 20;
/// When the room has said so many bytes, the kernel has taken all it will for who doesn't read, and
/// the send queue is full.
const SPENT: u64 = 12 << 20;
/// How much more than the queues may be resident: the allocator's share.
const SLACK: f64 = 8.0;
/// Filling the sockets of a thousand stops here: their server would not be bounded.
const MOST_RESIDENT: u64 = 4 << 30;

struct Stalled {
    sample: Sample,
    dropped: usize,
    /// The most MiB that were ever resident.
    peak: f64,
}

/// Five that are dropped, and a thousand that are not yet.
pub(crate) fn stalled(bench: &Bench, report: &mut Report) {
    report.table(
        "Stalled readers beside 100 others (chatd only)",
        bench,
        &[
            "stalled",
            "the others: deliveries/s",
            "× without",
            "CPU-s per M",
            "p99",
            "dropped",
            "peak MiB",
        ],
    );
    few(bench, report);
    if !bench.quick {
        many(bench, report);
    }
}

fn few(bench: &Bench, report: &mut Report) {
    let tuning = Tuning { send_queue: QUEUE, ..Tuning::default() };
    let (without, with) = compare(bench, report, tuning, 5, |_, _| Ok(()));
    let rate = ratio(&with, &without, |stalled| stalled.sample.rate);
    report.target(
        "5 of 105 never read: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        rate,
    );
    let dropped = middle(&with, |stalled| stalled.dropped as f64);
    report.target("5 of 105 never read: dropped", Bound::AtLeast(5.0), dropped);
    let more = middle(&with, |stalled| stalled.peak) - middle(&without, |stalled| stalled.peak);
    let most = 5.0 * (QUEUE >> 20) as f64 + SLACK;
    report.target("5 of 105 never read: MiB more at most", Bound::AtMost(most), more);
}

fn many(bench: &Bench, report: &mut Report) {
    let (without, with) = compare(bench, report, Tuning::default(), 1000, fill);
    let rate = ratio(&with, &without, |stalled| stalled.sample.rate);
    report.target(
        "1000 stalled beside 100: deliveries/s of the others, × without",
        Bound::AtLeast(0.95),
        rate,
    );
}

/// Measures in turn without and with so many stalled; `prepare` is called with them.
fn compare(
    bench: &Bench,
    report: &mut Report,
    tuning: Tuning,
    stalled: usize,
    prepare: fn(&Server, &mut Load) -> io::Result<()>,
) -> (Vec<Stalled>, Vec<Stalled>) {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..if bench.quick { 1 } else { 3 } {
        let taken = bench.calmly(|| measure(bench, tuning, 0, |_, _| Ok(())));
        without.extend(report.accept(Kind::Chatd, "none stalled", taken));
        let taken = bench.calmly(|| measure(bench, tuning, stalled, prepare));
        with.extend(report.accept(Kind::Chatd, &format!("{stalled} stalled"), taken));
    }
    let rate = |stalled: &Stalled| stalled.sample.rate;
    for (count, taken) in [(0, &without), (stalled, &with)] {
        report.row(&[
            count.to_string(),
            plain(middle(taken, rate)),
            plain(ratio(taken, &without, rate)),
            plain(middle(taken, |stalled| stalled.sample.cpu)),
            time(middle(taken, |stalled| stalled.sample.p99)),
            plain(middle(taken, |stalled| stalled.dropped as f64)),
            plain(middle(taken, |stalled| stalled.peak)),
        ]);
    }
    (without, with)
}

fn measure(
    bench: &Bench,
    tuning: Tuning,
    stalled: usize,
    prepare: impl FnOnce(&Server, &mut Load) -> io::Result<()>,
) -> io::Result<(Stalled, f64)> {
    let server = bench.start(Kind::Chatd, tuning)?;
    let crowd = Crowd::gather(&server, Kind::Chatd.dialect(), stalled, 0)?;
    let mut load = Load::gather(&server, Kind::Chatd.dialect(), RECEIVERS)?;
    prepare(&server, &mut load)?;
    let sample = Sample::take(bench, &server, &mut load, FULL, SPAN)?;
    while stalled > 0 && load.said() < SPENT {
        load.drive(FULL, Duration::from_millis(100), None)?;
    }
    let peak = server.size()?.peak as f64 / (1 << 20) as f64;
    let deadline = Instant::now() + Duration::from_millis(200);
    let dropped = crowd.members.iter().filter(|member| ends(&member.socket, deadline)).count();
    Ok((Stalled { sample, dropped, peak }, sample.others))
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

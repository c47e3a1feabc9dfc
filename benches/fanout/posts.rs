//! Lines that come by HTTP, each on a connection of its own, while 50 others talk; beside nginx,
//! which answers as many requests and does nothing else.

use crate::bench::{Bench, Meter};
use crate::latency::Histogram;
use crate::load::{Load, Pace};
use crate::report::{Report, plain, time, times};
use crate::sample::{median, micros};
use crate::server::{Kind, Tuning};
use crate::wire;
use std::io::{self, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Requests a second, and how many threads send them.
const RATE: u64 = 2000;
const THREADS: u64 = 8;
const OTHERS: usize = 50;
const PACE: Pace = Pace::Rate(200);
const SPAN: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

/// What was measured of one server.
#[derive(Default)]
struct Posts {
    /// From when a request was due to the end of its answer.
    latency: Histogram,
    /// Latencies of the others, alone and meanwhile.
    alone: Histogram,
    meanwhile: Histogram,
    /// Microseconds of the server's CPU for each request, with what the others cost.
    cpu: Vec<f64>,
}

impl Posts {
    fn add(&mut self, more: &Posts) {
        self.latency.add(&more.latency);
        self.alone.add(&more.alone);
        self.meanwhile.add(&more.meanwhile);
        self.cpu.extend(&more.cpu);
    }

    fn p99(&self) -> f64 {
        micros(self.latency.quantile(0.99))
    }
}

/// 2000 requests a second.
pub(crate) fn posts(bench: &Bench, report: &mut Report) {
    let columns =
        ["server", "p50", "p99", "× nginx", "CPU µs each", "50 others: p99 alone", "p99 meanwhile"];
    report.table("HTTP: 2000 POSTs a second, a connection each", bench, &columns);
    let kinds = [Kind::Chatd, Kind::Nginx].into_iter().filter(|kind| kind.installed());
    let mut rows: Vec<_> = kinds.map(|kind| (kind, Posts::default())).collect();
    for _ in 0..ROUNDS {
        for (kind, row) in &mut rows {
            let more = bench.calmly(|| measure(bench, *kind));
            report.accept(*kind, "POSTs", more).iter().for_each(|more| row.add(more));
        }
    }
    let limit = rows.get(1).map_or(f64::NAN, |(_, nginx)| nginx.p99());
    for (kind, row) in &rows {
        let of_others = |latency: &Histogram| match kind {
            Kind::Nginx => "—".to_owned(),
            _ => time(micros(latency.quantile(0.99))),
        };
        report.row(&[
            kind.name().to_owned(),
            time(micros(row.latency.quantile(0.5))),
            time(row.p99()),
            times(row.p99() / limit),
            plain(median(row.cpu.iter().copied())),
            of_others(&row.alone),
            of_others(&row.meanwhile),
        ]);
    }
}

fn measure(bench: &Bench, kind: Kind) -> io::Result<(Posts, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let to = server.at("web ").unwrap_or(server.address);
    let mut posts = Posts::default();
    let meter;
    if kind == Kind::Nginx {
        meter = Meter::start(bench, &server)?;
        posts.latency = send(to)?;
    } else {
        let mut load = Load::gather(&server, &wire::CHATD_APART, OTHERS)?;
        posts.alone = load.drive(PACE, SPAN / 3, None)?.latency;
        meter = Meter::start(bench, &server)?;
        let sending = thread::Builder::new().name("posts".to_owned()).spawn(move || send(to))?;
        posts.meanwhile = load.drive(PACE, SPAN, None)?.latency;
        let sent = sending.join().map_err(|_| io::Error::other("the POSTs have failed"))?;
        posts.latency = sent?;
    }
    let bill = meter.stop()?;
    let requests = RATE as f64 * SPAN.as_secs_f64();
    posts.cpu.push(micros(bill.server) / requests);
    Ok((posts, bill.others))
}

/// Sends requests for as long as [`SPAN`], at [`RATE`].
fn send(to: SocketAddrV4) -> io::Result<Histogram> {
    let (start, each) = (Instant::now(), RATE * SPAN.as_secs() / THREADS);
    let sender = |thread: u64| {
        let mut latency = Histogram::default();
        for number in 0..each {
            let due =
                start + Duration::from_secs(1) / RATE as u32 * (number * THREADS + thread) as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            post(to)?;
            latency.record(due.elapsed().as_nanos() as u64);
        }
        Ok(latency)
    };
    let mut all = Histogram::default();
    thread::scope(|scope| {
        let senders: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || sender(thread))).collect();
        for sender in senders {
            let latency: io::Result<Histogram> =
                sender.join().map_err(|_| io::Error::other("a thread has failed"))?;
            all.add(&latency?);
        }
        Ok(all)
    })
}

/// Sends one request, and reads the answer to its end.
fn post(to: SocketAddrV4) -> io::Result<()> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(
        b"POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
          Content-Length: 22\r\n\r\nbuild 1842 has passed\n",
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    match answer.starts_with(b"HTTP/1.1 200") {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
    }
}

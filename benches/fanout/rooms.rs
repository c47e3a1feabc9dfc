//! Many conversations at a time: small rooms, people in several rooms, and private messages.
//!
//! Each conversation has a line in flight; when all of its listeners have it, it gets the next.

use crate::bench::{Bench, Meter};
use crate::crowd::{Crowd, PATIENCE};
use crate::latency::Histogram;
use crate::report::{Bound, Report, plain, time, times};
use crate::sample::{self, micros};
use crate::server::{Kind, Server, Tuning};
use crate::throughput::skipped;
use crate::wire::many::{self, CONVERSATIONS};
use crate::wire::{Dialect, Frame, Stamp};
use std::io;
use std::time::{Duration, Instant};

const SPAN: Duration = Duration::from_millis(800);
const WARM_UP: Duration = Duration::from_millis(150);
const ROUNDS: usize = 3;
const READ: usize = 64 * 1024;
/// The number of a line is that of its conversation times this, and its place in it.
const LINES: u64 = 1_000_000;

/// Conversations of one kind, and the servers that can hold them. Client 0 to [`CONVERSATIONS`]
/// speak, one in each; the others listen.
struct Setting {
    name: &'static str,
    listeners: usize,
    servers: &'static [(Kind, &'static Dialect)],
    /// What comes before a line of that conversation.
    address: fn(Kind, conversation: usize) -> String,
    /// Which listeners a conversation has, counted from 0.
    hears: fn(listener: usize, conversation: usize) -> bool,
    /// How many deliveries a second there must be, compared with redis.
    least: f64,
}

const SETTINGS: [Setting; 3] = [
    Setting {
        name: "100 rooms of 10",
        listeners: 9 * CONVERSATIONS,
        servers: &[(Kind::Chatd, &many::CHATD_ROOMS), (Kind::Redis, &many::REDIS_ROOMS)],
        address: in_room,
        hears: many::is_in_one,
        least: 0.7,
    },
    Setting {
        name: "100 rooms, 100 people in 10 of them each",
        listeners: CONVERSATIONS,
        servers: &[
            (Kind::ChatdIrc, &many::CHATD_IRC_SEVERAL),
            (Kind::Ngircd, &many::IRC_SEVERAL),
            (Kind::Redis, &many::REDIS_SEVERAL),
        ],
        address: in_room,
        hears: many::is_in_several,
        least: 0.7,
    },
    Setting {
        name: "100 pairs, in private",
        listeners: CONVERSATIONS,
        servers: &[(Kind::Chatd, &many::CHATD_PAIRS), (Kind::Redis, &many::REDIS_ROOMS)],
        address: in_private,
        hears: many::is_in_one,
        least: 0.7,
    },
];

fn in_room(kind: Kind, room: usize) -> String {
    match kind {
        Kind::ChatdIrc | Kind::Ngircd => format!("PRIVMSG #r{room} :"),
        Kind::Redis => many::publish_to(room),
        _ => String::new(),
    }
}

fn in_private(kind: Kind, pair: usize) -> String {
    if kind == Kind::Redis { many::publish_to(pair) } else { format!("/msg p{pair} ") }
}

/// What was measured of one server.
#[derive(Clone, Copy)]
struct Sample {
    /// Deliveries a second, and the server's CPU seconds per million of them.
    rate: f64,
    cpu: f64,
    /// Microseconds from a line to its last delivery.
    p50: f64,
    p99: f64,
}

/// Rooms and pairs.
pub(crate) fn rooms(bench: &Bench, report: &mut Report) {
    let columns = [
        "conversations",
        "server",
        "deliveries/s",
        "× redis",
        "CPU-s per M",
        "× redis",
        "p50",
        "p99",
    ];
    report.table("Many conversations, a line in flight in each", bench, &columns);
    for setting in &SETTINGS {
        if !skipped(bench, report, CONVERSATIONS + setting.listeners) {
            compare(bench, report, setting);
        }
    }
}

/// Measures the servers in turn.
fn compare(bench: &Bench, report: &mut Report, setting: &Setting) {
    let servers = || setting.servers.iter().filter(|(kind, _)| kind.installed());
    let mut row: Vec<(Kind, Vec<Sample>)> =
        servers().map(|(kind, _)| (*kind, Vec::new())).collect();
    for _ in 0..ROUNDS {
        for ((kind, taken), (_, dialect)) in row.iter_mut().zip(servers()) {
            let sample = bench.calmly(|| measure(bench, setting, *kind, dialect));
            taken.extend(report.accept(*kind, setting.name, sample));
        }
    }
    let redis: Vec<Sample> = match row.last() {
        Some((Kind::Redis, taken)) => taken.clone(),
        _ => Vec::new(),
    };
    for (kind, taken) in &row {
        let middle = |field: fn(&Sample) -> f64| sample::middle(taken, field);
        let ratio = |field: fn(&Sample) -> f64| sample::ratio(taken, &redis, field);
        report.row(&[
            setting.name.to_owned(),
            kind.name().to_owned(),
            plain(middle(|sample| sample.rate)),
            times(ratio(|sample| sample.rate)),
            plain(middle(|sample| sample.cpu)),
            times(ratio(|sample| sample.cpu)),
            time(middle(|sample| sample.p50)),
            time(middle(|sample| sample.p99)),
        ]);
    }
    let what = format!("{}: deliveries/s, × redis", setting.name);
    let ours = &row[0].1;
    report.target(what, Bound::AtLeast(setting.least), sample::ratio(ours, &redis, |s| s.rate));
}

fn measure(
    bench: &Bench,
    setting: &Setting,
    kind: Kind,
    dialect: &'static Dialect,
) -> io::Result<(Sample, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let mut talk = Talk::gather(&server, setting, kind, dialect)?;
    talk.drive(WARM_UP)?;
    let meter = Meter::start(bench, &server)?;
    let start = Instant::now();
    let deliveries = talk.drive(SPAN)? as f64;
    let elapsed = start.elapsed();
    let bill = meter.stop()?;
    let sample = Sample {
        rate: deliveries / elapsed.as_secs_f64(),
        cpu: bill.server.as_secs_f64() / deliveries * 1e6,
        p50: micros(talk.latency.quantile(0.5)),
        p99: micros(talk.latency.quantile(0.99)),
    };
    Ok((sample, bill.others))
}

/// One conversation.
struct Conversation {
    /// What comes before each of its lines.
    address: Vec<u8>,
    listeners: usize,
    /// How many lines there were, when the last one was sent, and how many do not have it yet.
    said: u64,
    sent: Instant,
    missing: usize,
}

/// Conversations at work.
struct Talk {
    crowd: Crowd,
    dialect: &'static Dialect,
    conversations: Vec<Conversation>,
    /// How many lines of each conversation a listener has got; `None` for one that it is not in.
    heard: Vec<Vec<Option<u64>>>,
    buffer: Vec<u8>,
    latency: Histogram,
}

impl Talk {
    fn gather(
        server: &Server,
        setting: &Setting,
        kind: Kind,
        dialect: &'static Dialect,
    ) -> io::Result<Talk> {
        let size = CONVERSATIONS + setting.listeners;
        let crowd = Crowd::gather(server, dialect, size, CONVERSATIONS)?;
        let conversation = |index| Conversation {
            address: (setting.address)(kind, index).into_bytes(),
            listeners: (0..setting.listeners).filter(|who| (setting.hears)(*who, index)).count(),
            said: 0,
            sent: Instant::now(),
            missing: 0,
        };
        let places = |listener| {
            let place = |index| (setting.hears)(listener, index).then_some(0);
            (0..CONVERSATIONS).map(place).collect()
        };
        Ok(Talk {
            crowd,
            dialect,
            conversations: (0..CONVERSATIONS).map(conversation).collect(),
            heard: (0..setting.listeners).map(places).collect(),
            buffer: vec![0; READ],
            latency: Histogram::default(),
        })
    }

    /// Lets them talk for so long, then waits until everyone has everything; gives how many lines
    /// were delivered. Fails when a listener got a line twice, not at all, damaged or out of order.
    fn drive(&mut self, span: Duration) -> io::Result<u64> {
        self.latency = Histogram::default();
        let start = Instant::now();
        (0..CONVERSATIONS).try_for_each(|index| self.say(index))?;
        let (mut deliveries, mut open) = (0, CONVERSATIONS);
        while open > 0 {
            let tokens = self.crowd.epoll.wait(Some(PATIENCE))?;
            if tokens.is_empty() {
                return Err(io::Error::other(format!("{open} lines did not arrive")));
            }
            for token in &tokens {
                for index in self.read(*token as usize)? {
                    deliveries += self.conversations[index].listeners as u64;
                    if start.elapsed() < span {
                        self.say(index)?;
                    } else {
                        open -= 1;
                    }
                }
            }
            self.crowd.epoll.give_back(tokens);
        }
        Ok(deliveries)
    }

    fn say(&mut self, index: usize) -> io::Result<()> {
        let talk = &mut self.conversations[index];
        let mut line = talk.address.clone();
        let stamp = Stamp { sender: 0, number: index as u64 * LINES + talk.said };
        self.dialect.say(stamp, &mut line);
        (talk.said, talk.sent, talk.missing) = (talk.said + 1, Instant::now(), talk.listeners);
        self.crowd.members[index].send(&line)?;
        Ok(())
    }

    /// Reads what a client got; gives the conversations whose last listener it was.
    fn read(&mut self, client: usize) -> io::Result<Vec<usize>> {
        let mut done = Vec::new();
        let member = &mut self.crowd.members[client];
        while let Some(count) = member.receive(&mut self.buffer)? {
            member.rest.extend_from_slice(&self.buffer[..count]);
        }
        let Some(listener) = client.checked_sub(CONVERSATIONS) else {
            // The answers to those who speak.
            member.rest.clear();
            return Ok(done);
        };
        let mut read = 0;
        loop {
            match self.dialect.frame(&member.rest[read..]) {
                Frame::Partial => break,
                Frame::Other(length) => read += length,
                Frame::Damaged => return Err(io::Error::other("a line arrived damaged")),
                Frame::Line(length, Stamp { number, .. }) => {
                    read += length;
                    let index = (number / LINES) as usize;
                    let heard = self.heard[listener].get_mut(index).and_then(Option::as_mut);
                    let heard = heard.filter(|heard| **heard == number % LINES);
                    *heard.ok_or_else(|| io::Error::other("a line arrived out of order"))? += 1;
                    let talk = &mut self.conversations[index];
                    talk.missing -= 1;
                    if talk.missing == 0 {
                        self.latency.record(talk.sent.elapsed().as_nanos() as u64);
                        done.push(index);
                    }
                }
            }
        }
        member.rest.drain(..read);
        Ok(done)
    }
}

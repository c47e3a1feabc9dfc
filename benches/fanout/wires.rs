//! The cost of a delivery on each wire.

use crate::bench::Bench;
use crate::load::{FULL, Load};
use crate::report::{Bound, Report, plain, times};
use crate::sample::{Sample, mean, median};
use crate::server::{Kind, Tuning};
use crate::throughput::skipped;
use std::io;
use std::time::Duration;

const RECEIVERS: usize = 1000;
const KINDS: [Kind; 7] = [
    Kind::Chatd,
    Kind::ChatdLines,
    Kind::ChatdJson,
    Kind::ChatdTls,
    Kind::ChatdStream,
    Kind::ChatdEvents,
    Kind::ChatdIrc,
];
/// The places of some of them.
const TEXT: usize = 0;
const WEBSOCKET: usize = 1;
const JSON: usize = 2;
const ROUNDS: usize = 3;
/// The servers take turns this often, since the machine does not stay the same for seconds.
const TURNS: usize = 8;
const TURN: Duration = Duration::from_millis(150);
const WARM_UP: Duration = Duration::from_millis(200);

/// What was measured of the clients of each wire.
type Samples = [Vec<Sample>; KINDS.len()];

/// The same load for clients of each wire, beside those of the text wire.
pub(crate) fn wires(bench: &Bench, report: &mut Report) {
    let columns = [
        "wire",
        "CPU-s per M",
        "× text",
        "× WebSocket",
        "deliveries/s",
        "p99, × text",
        "MiB, threads",
    ];
    report.table("Wires: 1000 receivers, 4 × 64 in flight", bench, &columns);
    if skipped(bench, report, KINDS.len() * RECEIVERS) {
        return;
    }
    let mut wires = Samples::default();
    for _ in 0..ROUNDS {
        let round = report.accept(Kind::Chatd, "on each wire", bench.calmly(|| measure(bench)));
        for (samples, more) in wires.iter_mut().zip(round.unwrap_or_default()) {
            samples.extend(more);
        }
    }
    let text = &wires[TEXT];
    for (kind, samples) in KINDS.into_iter().zip(&wires) {
        let of = |field: fn(&Sample) -> f64| mean(samples, field);
        let to_text = |field: fn(&Sample) -> f64| mean(samples, field) / mean(text, field);
        let cpu = to_text(|sample| sample.cpu);
        report.row(&[
            kind.name().to_owned(),
            plain(of(|sample| sample.cpu)),
            times(cpu),
            times(of(|sample| sample.cpu) / mean(&wires[WEBSOCKET], |sample| sample.cpu)),
            plain(of(|sample| sample.rate)),
            times(to_text(|sample| sample.p99)),
            format!(
                "{}, {}",
                plain(of(|sample| sample.resident)),
                plain(of(|sample| sample.threads))
            ),
        ]);
        if let Some((base, most)) = target(kind) {
            let what = format!("{}, {RECEIVERS} receivers: CPU per delivery", kind.name());
            let ratio = of(|sample| sample.cpu) / mean(&wires[base], |sample| sample.cpu);
            report.target(format!("{what}, × {}", KINDS[base].name()), Bound::AtMost(most), ratio);
        }
    }
}

/// What the cost of a delivery is compared with, and the most it may be.
fn target(kind: Kind) -> Option<(usize, f64)> {
    match kind {
        Kind::ChatdLines | Kind::ChatdJson => Some((TEXT, 1.3)),
        Kind::ChatdIrc => Some((TEXT, 1.2)),
        Kind::ChatdTls => Some((TEXT, 2.0)),
        Kind::ChatdStream => Some((WEBSOCKET, 1.3)),
        Kind::ChatdEvents => Some((JSON, 1.3)),
        _ => None,
    }
}

/// A server for each wire, turn by turn.
fn measure(bench: &Bench) -> io::Result<(Samples, f64)> {
    let mut servers = Vec::new();
    for kind in KINDS {
        let server = bench.start(kind, Tuning::default())?;
        let mut load = Load::gather(&server, kind.dialect(), RECEIVERS)?;
        let warm = load.drive(FULL, WARM_UP, None);
        warm.map_err(|error| io::Error::other(format!("{}: {error}", kind.name())))?;
        servers.push((server, load));
    }
    let mut taken = Samples::default();
    for _ in 0..TURNS {
        for ((server, load), samples) in servers.iter_mut().zip(&mut taken) {
            samples.push(Sample::take(bench, server, load, FULL, TURN)?);
        }
    }
    let others = median(taken.iter().flatten().map(|sample| sample.others));
    Ok((taken, others))
}

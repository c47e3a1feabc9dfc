//! IRC clients that come into one channel, where each is told of all who come later.

use crate::bench::{Bench, Meter};
use crate::crowd::Crowd;
use crate::report::{Report, plain};
use crate::sample::median;
use crate::server::{Kind, Tuning};
use crate::throughput::skipped;
use std::io;

const CLIENTS: usize = 1000;
const ROUNDS: usize = 3;

/// Seconds until the last one is in, and of the server's CPU.
type Joins = (f64, f64);

/// 1000 clients that connect and join.
pub(crate) fn joins(bench: &Bench, report: &mut Report) {
    let columns = ["server", "seconds", "CPU seconds"];
    report.table("IRC: 1000 clients join one channel", bench, &columns);
    if skipped(bench, report, CLIENTS) {
        return;
    }
    for kind in [Kind::ChatdIrc, Kind::Ngircd].into_iter().filter(|kind| kind.installed()) {
        let mut taken = Vec::new();
        for _ in 0..ROUNDS {
            let joined = bench.calmly(|| measure(bench, kind));
            taken.extend(report.accept(kind, "joins", joined));
        }
        report.row(&[
            kind.name().to_owned(),
            plain(median(taken.iter().map(|(seconds, _)| *seconds))),
            plain(median(taken.iter().map(|(_, cpu)| *cpu))),
        ]);
    }
}

fn measure(bench: &Bench, kind: Kind) -> io::Result<(Joins, f64)> {
    let server = bench.start(kind, Tuning::default())?;
    let meter = Meter::start(bench, &server)?;
    let Crowd { took, .. } = Crowd::gather(&server, kind.dialect(), CLIENTS, 0)?;
    let bill = meter.stop()?;
    Ok(((took.as_secs_f64(), bill.server.as_secs_f64()), bill.others))
}

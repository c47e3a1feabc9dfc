//! What a delivery costs on each wire.

use crate::bench::Bench;
use crate::load::FULL;
use crate::report::{Bound, Report, plain, times};
use crate::sample::{middle, ratio};
use crate::server::Kind;
use crate::throughput::{alternate, skipped};

const RECEIVERS: usize = 1000;
const KINDS: [Kind; 4] = [Kind::Chatd, Kind::ChatdLines, Kind::ChatdJson, Kind::ChatdTls];

/// The same load for clients of each wire, beside those of the text wire.
pub(crate) fn wires(bench: &Bench, report: &mut Report) {
    let columns = ["wire", "CPU-s per M", "× text", "deliveries/s", "p99, × text", "MiB, threads"];
    report.table("Wires: 1000 receivers, 4 × 64 in flight", bench, &columns);
    if skipped(bench, report, RECEIVERS) {
        return;
    }
    let row = alternate(bench, report, &KINDS, RECEIVERS, FULL);
    let text = row.of(Kind::Chatd);
    for kind in KINDS {
        let samples = row.of(kind);
        let cpu = ratio(samples, text, |sample| sample.cpu);
        report.row(&[
            kind.name().to_owned(),
            plain(middle(samples, |sample| sample.cpu)),
            times(cpu),
            plain(middle(samples, |sample| sample.rate)),
            times(ratio(samples, text, |sample| sample.p99)),
            format!(
                "{}, {}",
                plain(middle(samples, |sample| sample.resident)),
                plain(middle(samples, |sample| sample.threads))
            ),
        ]);
        if matches!(kind, Kind::ChatdLines | Kind::ChatdJson) {
            let what = format!("{}, {RECEIVERS} receivers: CPU per delivery, × text", kind.name());
            report.target(what, Bound::AtMost(1.3), cpu);
        }
    }
}

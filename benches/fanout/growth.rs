//! The rows of growth: the cost of a delivery with more and more clients, as a table and a plot.

use crate::bench::Bench;
use crate::load::FULL;
use crate::plot::{self, Curve};
use crate::report::{Report, plain, times};
use crate::sample::middle;
use crate::server::Kind;
use crate::throughput::{alternate, setup, skipped};
use std::path::Path;

const CLIENTS: [usize; 7] = [10, 30, 100, 300, 1000, 3000, 10_000];
const ROUNDS: usize = 3;
const COLUMNS: [&str; 6] =
    ["clients", "chatd: µs per delivery", "floor", "× floor", "chatd: deliveries/s", "floor"];

/// Measures chatd and floor, and draws `docs/growth.svg`.
pub(crate) fn growth(bench: &Bench, report: &mut Report) {
    report.table("Growth, 4 × 64 in flight", bench, &COLUMNS);
    let mut curves = [Curve::new("chatd"), Curve::new("floor")];
    for clients in CLIENTS {
        if skipped(bench, report, clients) {
            continue;
        }
        let kinds = [Kind::Chatd, Kind::Floor];
        let row =
            alternate(bench, report, &kinds, |kind| setup(bench, kind, clients, FULL), ROUNDS);
        let cost = kinds.map(|kind| middle(row.of(kind), |sample| sample.cpu));
        let rate = kinds.map(|kind| plain(middle(row.of(kind), |sample| sample.rate)));
        let ratio = times(row.against(Kind::Floor, |sample| sample.cpu));
        let [chatd, floor] = cost.map(plain);
        let [chatd_rate, floor_rate] = rate;
        report.row(&[clients.to_string(), chatd, floor, ratio, chatd_rate, floor_rate]);
        for (curve, cost) in curves.iter_mut().zip(cost).filter(|(_, cost)| *cost > 0.0) {
            curve.points.push((clients as f64, cost));
        }
    }
    if curves.iter().any(|curve| curve.points.is_empty()) {
        return;
    }
    let up = "server CPU µs per delivery, 4 × 64 lines in flight";
    let svg = plot::draw("What a delivery costs", "clients", up, &curves);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let written =
        std::fs::create_dir_all(&docs).and_then(|()| std::fs::write(docs.join("growth.svg"), svg));
    match written {
        Ok(()) => report.note("drawn in docs/growth.svg".to_owned()),
        Err(error) => report.note(format!("docs/growth.svg: {error}")),
    }
}

//! One measurement of one server's fan-out, and the statistics over several.

use crate::bench::{Bench, Meter};
use crate::load::{Load, Pace};
use crate::server::{Kind, Server, Tuning};
use std::io;
use std::time::Duration;

const WARM_UP: Duration = Duration::from_millis(150);

/// What is to be measured.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) kind: Kind,
    pub(crate) tuning: Tuning,
    pub(crate) receivers: usize,
    pub(crate) pace: Pace,
    pub(crate) span: Duration,
}

/// What was measured.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Deliveries a second.
    pub(crate) rate: f64,
    /// The server's CPU seconds per million deliveries.
    pub(crate) cpu: f64,
    /// Latencies in microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// The server's resident MiB.
    pub(crate) resident: f64,
    pub(crate) threads: f64,
    /// The share of a processor that the load generator used, and all other processes.
    pub(crate) generator: f64,
    pub(crate) others: f64,
}

impl Setup {
    /// Measures with a fresh server, in a calm moment.
    pub(crate) fn sample(self, bench: &Bench) -> io::Result<Sample> {
        bench.calmly(|| {
            let server = bench.start(self.kind, self.tuning)?;
            let mut load = Load::gather(&server, self.kind.dialect(), self.receivers)?;
            load.drive(self.pace, WARM_UP, None)?;
            let sample = Sample::take(bench, &server, &mut load, self.pace, self.span)?;
            Ok((sample, sample.others))
        })
    }
}

impl Sample {
    /// Measures a server that everyone is connected to.
    pub(crate) fn take(
        bench: &Bench,
        server: &Server,
        load: &mut Load,
        pace: Pace,
        span: Duration,
    ) -> io::Result<Sample> {
        let meter = Meter::start(bench, server)?;
        let outcome = load.drive(pace, span, None)?;
        let bill = meter.stop()?;
        let size = server.size()?;
        let deliveries = outcome.deliveries as f64;
        let quantile = |part| micros(outcome.latency.quantile(part));
        Ok(Sample {
            rate: deliveries / outcome.elapsed.as_secs_f64(),
            cpu: bill.server.as_secs_f64() / deliveries * 1e6,
            p50: quantile(0.5),
            p99: quantile(0.99),
            p999: quantile(0.999),
            resident: size.resident as f64 / (1 << 20) as f64,
            threads: size.threads as f64,
            generator: bill.generator,
            others: bill.others,
        })
    }
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The mean of what the samples have in that place; `NaN` of none.
pub(crate) fn mean(samples: &[Sample], field: impl Fn(&Sample) -> f64) -> f64 {
    samples.iter().map(field).sum::<f64>() / samples.len() as f64
}

/// The middle one; `NaN` of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count => (values[(count - 1) / 2] + values[count / 2]) / 2.0,
    }
}

/// The median of what the samples have in that place.
pub(crate) fn middle<T>(samples: &[T], field: impl Fn(&T) -> f64) -> f64 {
    median(samples.iter().map(field))
}

/// The median of the ratios of those samples that were taken side by side.
pub(crate) fn ratio<T>(ours: &[T], theirs: &[T], field: impl Fn(&T) -> f64) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| field(ours) / field(theirs)))
}

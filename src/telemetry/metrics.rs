//! `Metrics`: the server's metrics, in the OpenMetrics text format.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::cluster_metrics::ClusterMetrics;

/// The media type of [`Metrics::to_text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The media type of [`to_plain_text`].
pub(crate) const PLAIN_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One label and its value.
type Label = [(&'static str, &'static str); 1];

/// Metrics that many threads update. Clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    lines: Counter,
    deliveries: Counter,
    sent_bytes: Counter,
    dropped: Family<Label, Counter>,
    refused: Family<Label, Counter>,
    batch_lines: Histogram,
    fanout: Histogram,
    clients: Family<Label, Gauge>,
    rooms: Gauge,
    queued: Gauge,
    store_pending: Gauge,
    store_failing: Gauge,
    store_lost: Counter,
    reload: Gauge,
    certificate_expiry: Gauge,
    started: Gauge<f64, AtomicU64>,
    registry: Arc<Registry>,
}

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The limit on clients is reached.
    Full,
    /// The limit on clients from its address is reached.
    Address,
    /// No thread could be started for it.
    Thread,
    /// Too many connections are still connecting.
    Arriving,
    /// Too many TLS handshakes from its address.
    Handshakes,
    /// It asks for a host, or comes from a page, that is not the server's.
    Host,
    /// It does not speak TLS on a TLS port.
    Plain,
    Banned,
    /// It speaks one of these on the text port.
    Http,
    Irc,
    Tls,
    /// It is a proxy that did not say for whom it connects, or another one that did.
    Proxy,
}

impl Refused {
    const ALL: [Self; 12] = [
        Self::Full,
        Self::Address,
        Self::Thread,
        Self::Arriving,
        Self::Handshakes,
        Self::Host,
        Self::Plain,
        Self::Banned,
        Self::Http,
        Self::Irc,
        Self::Tls,
        Self::Proxy,
    ];

    fn label(self) -> Label {
        let reason = match self {
            Self::Full => "full",
            Self::Address => "address",
            Self::Thread => "thread",
            Self::Arriving => "arriving",
            Self::Handshakes => "handshakes",
            Self::Host => "host",
            Self::Plain => "no TLS",
            Self::Banned => "banned",
            Self::Http => "HTTP",
            Self::Irc => "IRC",
            Self::Tls => "TLS",
            Self::Proxy => "proxy",
        };
        [("reason", reason)]
    }
}

/// Why the server disconnected a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Its send queue is full: it does not read fast enough.
    TooSlow,
    /// It was idle for too long, or its network connection was lost.
    TimedOut,
    /// An operator kicked it.
    Kicked,
}

impl Dropped {
    const ALL: [Self; 3] = [Self::TooSlow, Self::TimedOut, Self::Kicked];

    fn label(self) -> Label {
        let reason = match self {
            Self::TooSlow => "too slow",
            Self::TimedOut => "timed out",
            Self::Kicked => "kicked",
        };
        [("reason", reason)]
    }
}

/// Values that are read only when the metrics are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// Clients on the text port.
    pub text: usize,
    /// Text clients over TLS.
    pub tls: usize,
    /// Clients that speak WebSocket.
    pub websocket: usize,
    /// Clients that speak IRC, with TLS or without.
    pub irc: usize,
    /// Those who read over HTTP.
    pub http: usize,
    /// Rooms with people in them.
    pub rooms: usize,
    /// Bytes that wait to be sent.
    pub queued: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Metrics {
    /// All at zero, with those of `cluster`.
    pub fn new(cluster: Option<&ClusterMetrics>) -> Self {
        let mut metrics = Self {
            lines: Counter::default(),
            deliveries: Counter::default(),
            sent_bytes: Counter::default(),
            dropped: Family::default(),
            refused: Family::default(),
            batch_lines: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            fanout: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            clients: Family::default(),
            rooms: Gauge::default(),
            queued: Gauge::default(),
            store_pending: Gauge::default(),
            store_failing: Gauge::default(),
            store_lost: Counter::default(),
            reload: Gauge::default(),
            certificate_expiry: Gauge::default(),
            started: Gauge::default(),
            registry: Arc::default(),
        };
        metrics.reload.set(1);
        metrics.started.set(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64());
        // A counter that appears with its first event has no rate for it, so all start at zero.
        for reason in Refused::ALL {
            drop(metrics.refused.get_or_create(&reason.label()));
        }
        for reason in Dropped::ALL {
            drop(metrics.dropped.get_or_create(&reason.label()));
        }
        metrics.registry = Arc::new(metrics.register(cluster));
        metrics
    }

    fn register(&self, cluster: Option<&ClusterMetrics>) -> Registry {
        let mut registry = Registry::default();
        let started = "Start time of the program, in seconds since 1970";
        // The standard name of this metric has no prefix.
        registry.register("process_start_time_seconds", started, self.started.clone());
        let all = registry.sub_registry_with_prefix("chatd");
        all.register("clients", "Connected clients", self.clients.clone());
        all.register("rooms", "Rooms with people in them", self.rooms.clone());
        all.register("lines", "Lines said by people", self.lines.clone());
        all.register(
            "deliveries",
            "Lines sent, counted once per receiver",
            self.deliveries.clone(),
        );
        all.register("sent_bytes", "Bytes written to sockets", self.sent_bytes.clone());
        all.register("send_queue_bytes", "Bytes waiting to be sent", self.queued.clone());
        all.register(
            "dropped_clients",
            "Clients that the server disconnected",
            self.dropped.clone(),
        );
        all.register("refused", "Connections refused", self.refused.clone());
        all.register("batch_lines", "Lines in a batch", self.batch_lines.clone());
        let fanout = "Time from receiving a batch of lines to sending its last line";
        all.register("fanout_seconds", fanout, self.fanout.clone());
        let pending = "Lines waiting to be written to disk";
        all.register("store_pending_lines", pending, self.store_pending.clone());
        let failing = "Whether writing the history fails";
        all.register("store_failing", failing, self.store_failing.clone());
        let lost = "Lines missing from the history";
        all.register("store_lost_lines", lost, self.store_lost.clone());
        let reload = "Whether the last reload of the settings succeeded";
        all.register("last_reload_successful", reload, self.reload.clone());
        let expiry = "When the TLS certificate expires, in seconds since 1970; 0 without one";
        let name = "tls_certificate_expiry_timestamp_seconds";
        all.register(name, expiry, self.certificate_expiry.clone());
        if let Some(cluster) = cluster {
            cluster.register(all);
        }
        registry
    }

    /// Counts a line that was said to `recipients` clients.
    pub fn count_line(&self, recipients: usize) {
        self.lines.inc();
        self.deliveries.inc_by(recipients as u64);
    }

    /// Counts one more client that a line was sent to.
    pub fn count_copy(&self) {
        self.deliveries.inc();
    }

    /// Counts a batch of `lines` lines whose sending took `took`.
    pub fn count_batch(&self, lines: usize, took: Duration) {
        self.batch_lines.observe(lines as f64);
        self.fanout.observe(took.as_secs_f64());
    }

    /// Counts bytes that sockets took.
    pub fn count_sent(&self, bytes: usize) {
        self.sent_bytes.inc_by(bytes as u64);
    }

    /// Counts a client that the server disconnected.
    pub fn count_dropped(&self, reason: Dropped) {
        self.dropped.get_or_create(&reason.label()).inc();
    }

    /// Counts a connection that was refused.
    pub fn count_refused(&self, reason: Refused) {
        self.refused.get_or_create(&reason.label()).inc();
    }

    /// Sets how many lines wait to be stored.
    pub fn set_store_pending(&self, lines: usize) {
        self.store_pending.set(lines as i64);
    }

    /// Sets whether writing to the store fails.
    pub fn set_store_failing(&self, is_failing: bool) {
        self.store_failing.set(i64::from(is_failing));
    }

    /// Counts lines that the history lost.
    pub fn count_lost(&self, lines: u64) {
        self.store_lost.inc_by(lines);
    }

    /// Sets whether the last reload succeeded.
    pub fn set_reloaded(&self, successful: bool) {
        self.reload.set(i64::from(successful));
    }

    /// Sets when the certificate expires, in seconds since 1970; 0 without one.
    pub fn set_certificate_expiry(&self, at: u64) {
        self.certificate_expiry.set(i64::try_from(at).unwrap_or(i64::MAX));
    }

    /// All metrics in the OpenMetrics text format; `census` has the values that are not counted.
    pub fn to_text(&self, census: Census) -> String {
        let wires = [
            ("text", census.text),
            ("tls", census.tls),
            ("websocket", census.websocket),
            ("irc", census.irc),
            ("http", census.http),
        ];
        for (wire, count) in wires {
            self.clients.get_or_create(&[("wire", wire)]).set(count as i64);
        }
        self.rooms.set(census.rooms as i64);
        self.queued.set(census.queued as i64);
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Converts OpenMetrics to the Prometheus text format (version 0.0.4) for older scrapers: HELP and
/// TYPE of a counter have its full name, and there are no UNIT lines and no EOF mark.
pub(crate) fn to_plain_text(figures: &str) -> String {
    let type_of =
        |line: &str| line.strip_prefix("# TYPE ")?.strip_suffix(" counter").map(str::to_owned);
    let counters: BTreeSet<_> = figures.lines().filter_map(type_of).collect();
    let mut text = String::with_capacity(figures.len());
    for line in figures.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                text.push_str(&format!("# {what} {name}_total {rest}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_plain_text_counters_are_described_by_their_whole_name() {
        let plain = to_plain_text(&Metrics::default().to_text(Census::default()));
        let lines: Vec<_> = plain.lines().collect();
        for line in [
            "# HELP chatd_lines_total Lines said by people.",
            "# TYPE chatd_lines_total counter",
            "chatd_lines_total 0",
            "# TYPE chatd_rooms gauge",
            "# TYPE chatd_fanout_seconds histogram",
            "# TYPE chatd_refused_total counter",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{plain}");
        }
        assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"), "{plain}");
    }

    #[test]
    fn the_names_are_those_that_dashboards_know() {
        let metrics = Metrics::default();
        metrics.count_line(3);
        metrics.count_batch(2, Duration::from_millis(1));
        metrics.count_sent(100);
        metrics.count_dropped(Dropped::TooSlow);
        metrics.count_refused(Refused::Full);
        metrics.set_store_failing(true);
        metrics.count_lost(7);
        let text = metrics.to_text(Census {
            text: 1,
            tls: 2,
            websocket: 3,
            irc: 6,
            http: 7,
            rooms: 4,
            queued: 5,
        });
        for line in [
            "chatd_clients{wire=\"text\"} 1",
            "chatd_clients{wire=\"tls\"} 2",
            "chatd_clients{wire=\"websocket\"} 3",
            "chatd_clients{wire=\"irc\"} 6",
            "chatd_rooms 4",
            "chatd_lines_total 1",
            "chatd_deliveries_total 3",
            "chatd_sent_bytes_total 100",
            "chatd_send_queue_bytes 5",
            "chatd_dropped_clients_total{reason=\"too slow\"} 1",
            "chatd_refused_total{reason=\"full\"} 1",
            "chatd_refused_total{reason=\"TLS\"} 0",
            "chatd_dropped_clients_total{reason=\"kicked\"} 0",
            "chatd_store_failing 1",
            "chatd_store_lost_lines_total 7",
            "chatd_batch_lines_sum 2.0",
            "chatd_fanout_seconds_count 1",
            "chatd_store_pending_lines 0",
            "chatd_last_reload_successful 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}

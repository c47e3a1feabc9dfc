//! `Metrics`: what can be measured from outside, in the OpenMetrics text format.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::to_text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One label and its value.
type Label = [(&'static str, &'static str); 1];

/// Counters that many threads raise. Copies count together.
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
    reload: Gauge,
    registry: Arc<Registry>,
}

/// How things stand at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// Clients on the text port.
    pub text: usize,
    /// The same over TLS.
    pub tls: usize,
    /// Clients that speak WebSocket.
    pub websocket: usize,
    /// Rooms with people in them.
    pub rooms: usize,
    /// Bytes that wait to be sent.
    pub queued: usize,
}

impl Default for Metrics {
    fn default() -> Self {
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
            reload: Gauge::default(),
            registry: Arc::default(),
        };
        metrics.reload.set(1);
        metrics.registry = Arc::new(metrics.register());
        metrics
    }
}

impl Metrics {
    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("chatd");
        all.register("clients", "Connected clients", self.clients.clone());
        all.register("rooms", "Rooms with people in them", self.rooms.clone());
        all.register("lines", "Lines that people said", self.lines.clone());
        all.register("deliveries", "Lines times the clients told", self.deliveries.clone());
        all.register("sent_bytes", "Bytes that sockets took", self.sent_bytes.clone());
        all.register("send_queue_bytes", "Bytes that wait to be sent", self.queued.clone());
        all.register("dropped_clients", "Clients that had to go", self.dropped.clone());
        all.register("refused", "Connections that were turned away", self.refused.clone());
        all.register("batch_lines", "Lines sent in one go", self.batch_lines.clone());
        let fanout = "From taking a batch of lines to sending the last of it";
        all.register("fanout_seconds", fanout, self.fanout.clone());
        let pending = "Lines that wait to be stored";
        all.register("store_pending_lines", pending, self.store_pending.clone());
        let reload = "Whether the settings were taken when they were read last";
        all.register("last_reload_successful", reload, self.reload.clone());
        all
    }

    /// Somebody said something to so many.
    pub fn count_line(&self, recipients: usize) {
        self.lines.inc();
        self.deliveries.inc_by(recipients as u64);
    }

    /// A batch with so many lines was sent, which took so long.
    pub fn count_batch(&self, lines: usize, took: Duration) {
        self.batch_lines.observe(lines as f64);
        self.fanout.observe(took.as_secs_f64());
    }

    /// Sockets took so many bytes.
    pub fn count_sent(&self, bytes: usize) {
        self.sent_bytes.inc_by(bytes as u64);
    }

    /// A client had to go.
    pub fn count_dropped(&self, reason: &'static str) {
        self.dropped.get_or_create(&[("reason", reason)]).inc();
    }

    /// A connection was turned away.
    pub fn count_refused(&self, reason: &'static str) {
        self.refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// So many lines wait to be stored.
    pub fn set_store_pending(&self, lines: usize) {
        self.store_pending.set(lines as i64);
    }

    /// Settings were read again, and taken or not.
    pub fn set_reloaded(&self, successful: bool) {
        self.reload.set(i64::from(successful));
    }

    /// All figures, with `census` for those that nobody counts.
    pub fn to_text(&self, census: Census) -> String {
        let wires = [("text", census.text), ("tls", census.tls), ("websocket", census.websocket)];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_dashboards_know() {
        let metrics = Metrics::default();
        metrics.count_line(3);
        metrics.count_batch(2, Duration::from_millis(1));
        metrics.count_sent(100);
        metrics.count_dropped("too slow");
        metrics.count_refused("full");
        let text = metrics.to_text(Census { text: 1, tls: 2, websocket: 3, rooms: 4, queued: 5 });
        for line in [
            "chatd_clients{wire=\"text\"} 1",
            "chatd_clients{wire=\"tls\"} 2",
            "chatd_clients{wire=\"websocket\"} 3",
            "chatd_rooms 4",
            "chatd_lines_total 1",
            "chatd_deliveries_total 3",
            "chatd_sent_bytes_total 100",
            "chatd_send_queue_bytes 5",
            "chatd_dropped_clients_total{reason=\"too slow\"} 1",
            "chatd_refused_total{reason=\"full\"} 1",
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

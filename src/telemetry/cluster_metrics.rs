//! `ClusterMetrics`: what a node of a cluster measures besides.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The metrics of a node. Clones share their values.
#[derive(Clone, Debug)]
pub struct ClusterMetrics {
    linked: Gauge,
    nodes: Gauge,
    position: Gauge,
    behind: Gauge,
    pending: Gauge,
    forks: Counter,
    late_lines: Counter,
    founded: Counter,
    salvaged: Counter,
    diverged: Counter,
    put: Histogram,
}

impl Default for ClusterMetrics {
    fn default() -> Self {
        Self {
            linked: Gauge::default(),
            nodes: Gauge::default(),
            position: Gauge::default(),
            behind: Gauge::default(),
            pending: Gauge::default(),
            forks: Counter::default(),
            late_lines: Counter::default(),
            founded: Counter::default(),
            salvaged: Counter::default(),
            diverged: Counter::default(),
            // From 0.1 ms to 3.3 s.
            put: Histogram::new(exponential_buckets(0.000_1, 2.0, 16)),
        }
    }
}

impl ClusterMetrics {
    /// Adds them to `all`, whose names have the prefix of the server.
    pub(super) fn register(&self, all: &mut Registry) {
        let all = all.sub_registry_with_prefix("cluster");
        all.register("linked", "Whether the node is linked to the log", self.linked.clone());
        all.register("nodes", "Nodes of the cluster, this one included", self.nodes.clone());
        all.register("position", "Entries of the log that are applied", self.position.clone());
        all.register("behind", "Entries of the log that are not applied yet", self.behind.clone());
        all.register("pending", "Inputs that are not in the log yet", self.pending.clone());
        all.register("forks", "Times that the node was cut off", self.forks.clone());
        all.register("late_lines", "Lines passed on late", self.late_lines.clone());
        all.register("founded", "Times that the node wrote the log anew", self.founded.clone());
        let salvaged = "Entries of other nodes that the node put back into the log";
        all.register("salvaged", salvaged, self.salvaged.clone());
        let diverged = "Times that the node's chat differed from the other nodes'";
        all.register("diverged", diverged, self.diverged.clone());
        let put = "Time from sending inputs to Redis to the answer";
        all.register("put_seconds", put, self.put.clone());
    }

    /// Sets whether the node is linked: whether the log takes what it sends.
    pub fn set_linked(&self, is_linked: bool) {
        self.linked.set(i64::from(is_linked));
    }

    /// Sets how many nodes the cluster has.
    pub fn set_nodes(&self, nodes: usize) {
        self.nodes.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    /// Sets how many entries the log has, and how many of them the node has applied.
    pub fn set_position(&self, applied: u64, length: u64) {
        self.position.set(i64::try_from(applied).unwrap_or(i64::MAX));
        self.behind.set(i64::try_from(length.saturating_sub(applied)).unwrap_or(i64::MAX));
    }

    /// Sets how many inputs are not in the log yet.
    pub fn set_pending(&self, inputs: usize) {
        self.pending.set(i64::try_from(inputs).unwrap_or(i64::MAX));
    }

    /// Counts that the node was cut off from the others.
    pub fn count_fork(&self) {
        self.forks.inc();
    }

    /// Counts lines that the node passed on late.
    pub fn count_late_lines(&self, lines: usize) {
        self.late_lines.inc_by(lines as u64);
    }

    /// Counts that the node wrote the log anew.
    pub fn count_founded(&self) {
        self.founded.inc();
    }

    /// Counts entries of other nodes that the node put back into the log.
    pub fn count_salvaged(&self, entries: usize) {
        self.salvaged.inc_by(entries as u64);
    }

    /// Counts that the node's chat differed from that of the other nodes.
    pub fn count_diverged(&self) {
        self.diverged.inc();
    }

    /// Notes how long Redis took to answer a request that appends inputs.
    pub fn count_put(&self, took: Duration) {
        self.put.observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn the_names_are_those_that_dashboards_know() {
        let metrics = ClusterMetrics::default();
        metrics.set_linked(true);
        metrics.set_nodes(3);
        metrics.set_position(40, 42);
        metrics.set_pending(5);
        metrics.count_fork();
        metrics.count_late_lines(7);
        metrics.count_founded();
        metrics.count_salvaged(9);
        metrics.count_diverged();
        metrics.count_put(Duration::from_millis(1));
        let mut registry = Registry::default();
        metrics.register(registry.sub_registry_with_prefix("chatd"));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "chatd_cluster_linked 1",
            "chatd_cluster_nodes 3",
            "chatd_cluster_position 40",
            "chatd_cluster_behind 2",
            "chatd_cluster_pending 5",
            "chatd_cluster_forks_total 1",
            "chatd_cluster_late_lines_total 7",
            "chatd_cluster_founded_total 1",
            "chatd_cluster_salvaged_total 9",
            "chatd_cluster_diverged_total 1",
            "chatd_cluster_put_seconds_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}

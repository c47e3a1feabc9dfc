//! `SharedLog`: the log of a cluster, as its node follows it, and the threads that talk to Redis.

use std::time::Duration;

use crate::chat::Now;
use crate::cluster::{Command, LinkEvent, Node, Report, Request};
use crate::link::Link;
use crate::telemetry::ClusterMetrics;

/// The node of this server, and its link.
#[derive(Debug)]
pub struct SharedLog {
    /// What its clients see, and what it does to stay with the others.
    pub(super) node: Node,
    link: Link,
    metrics: ClusterMetrics,
    /// When inputs were sent that are not confirmed yet.
    put_at: Option<Duration>,
}

impl SharedLog {
    /// The log of this node.
    pub fn new(node: Node, link: Link, metrics: ClusterMetrics) -> Self {
        Self { node, link, metrics, put_at: None }
    }

    /// Sends what the node wants of the link, and returns what an administrator has to know.
    pub(super) fn send(&mut self, now: Now) -> Vec<Report> {
        self.node.pump(now);
        for command in self.node.take_commands() {
            match command {
                Command::Follow(generation, after) => self.link.follow(generation, after),
                Command::Ask(ticket, request) => {
                    let is_put =
                        matches!(&request, Request::Put { inputs, .. } if !inputs.is_empty());
                    self.put_at = is_put.then_some(now.uptime);
                    // There is room: the node asks one thing at a time.
                    self.link.ask(ticket, request);
                }
            }
        }
        self.measure();
        let reports = self.node.take_reports();
        reports.iter().for_each(|report| self.count(report));
        reports
    }

    /// Passes on what the link reports.
    pub(super) fn hear(&mut self, now: Now, event: LinkEvent) {
        if let LinkEvent::Replied(..) = event
            && let Some(sent) = self.put_at.take()
        {
            self.metrics.count_put(now.uptime.saturating_sub(sent));
        }
        self.node.hear(now, event);
    }

    fn measure(&self) {
        let (applied, length, pending) = self.node.position();
        self.metrics.set_linked(self.node.is_linked());
        self.metrics.set_nodes(self.node.chat().nodes().count());
        self.metrics.set_position(applied, length);
        self.metrics.set_pending(pending);
    }

    fn count(&self, report: &Report) {
        match report {
            Report::CutOff(_) => self.metrics.count_fork(),
            Report::Joined { late, .. } => self.metrics.count_late_lines(*late),
            Report::Founded(_) => self.metrics.count_founded(),
            Report::Salvaged(count) => {
                self.metrics.count_salvaged(usize::try_from(*count).unwrap_or(usize::MAX));
            }
            Report::Diverged(_) => self.metrics.count_diverged(),
            _ => {}
        }
    }
}

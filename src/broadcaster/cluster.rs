//! What a node of a cluster does besides: it tells the administrator how it stands with the others,
//! and notes on the disk what it is.

use super::dispatch::Dispatcher;
use crate::chat::Now;
use crate::cluster::Report;
use crate::store::Edit;

impl Dispatcher {
    /// Sends what was added to the log, and reports how the node stands with the others. To be
    /// called at the end of a batch.
    pub(super) fn send_to_log(&mut self, now: Now) {
        for report in self.log.send(now) {
            self.report(now, report);
        }
    }

    /// Tells the operators on this node how it stands with the others.
    fn tell_cluster_operators(&mut self, now: Now, words: &str) {
        let words = format!("node {} {words}", self.log.node_name());
        self.tell_operators(now, &words);
    }

    fn report(&mut self, now: Now, report: Report) {
        match report {
            Report::Joined { lineage, origin, late } => {
                log::info!("cluster: connected to the other nodes; lines passed on: {late}");
                self.status.note_node(origin);
                self.archive.note_membership(lineage, origin);
                self.read_again(now);
            }
            Report::Resumed => log::info!("cluster: connected to the log again"),
            Report::Lost(why) => log::warn!("cluster: the log cannot be reached: {why}"),
            Report::Denied(why) => log::error!("cluster: Redis cannot be used: {why}"),
            Report::CutOff(people) => {
                log::warn!("cluster: cut off from the other nodes; people out of reach: {people}");
                self.tell_cluster_operators(now, "is cut off from the others");
            }
            Report::Founded(0) => log::info!("cluster: began the log"),
            Report::Founded(n) => log::warn!("cluster: founded the log anew at entry {n}"),
            Report::Salvaged(count) => {
                log::warn!("cluster: the log had lost entries; put back: {count}");
            }
            Report::NotPassedOn => {
                log::error!(
                    "cluster: too many bans and accounts wait; the newest are not passed on"
                );
            }
            Report::NameTaken => {
                log::error!("cluster: another node is called {}", self.log.node_name());
            }
            Report::TooNew(level) => {
                log::error!("cluster: the cluster has level {level}: this chatd is too old for it");
            }
            Report::Unreadable(why) => {
                log::error!("cluster: the log cannot be read, this node serves alone: {why}");
            }
            Report::Forged(n) => {
                log::error!("cluster: entry {n} is of no node with the cluster's key");
            }
            Report::OtherKey => log::error!("cluster: the cluster has another key"),
            Report::Diverged(n) => {
                log::error!("cluster: the state differs from the other nodes' at entry {n}");
                self.tell_cluster_operators(
                    now,
                    "had another state than the others, and takes theirs",
                );
            }
        }
    }

    /// Has all nodes learn of changes that were made on this node's disk.
    pub(super) fn publish_edits(&mut self, now: Now, edits: Vec<Edit>) {
        for edit in edits {
            if self.log.change_roll(edit.change) {
                self.edits.push_back(edit.id);
            }
        }
        self.follow(now);
    }

    /// Notes that the oldest edit is in the log.
    pub(super) fn note_published(&mut self) {
        if let Some(id) = self.edits.pop_front() {
            self.archive.note_published(id);
        }
    }
}

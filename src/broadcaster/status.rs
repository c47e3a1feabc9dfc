//! `Status`: the metrics of the chat, and what the service manager is told of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::log::Log;
use crate::chat::{Chat, ClientId, Presence, Reason, RoomName};
use crate::cluster::NodeOrigin;
use crate::delivery::Peers;
use crate::restart::{Lasting, ManagerThread, Record};
use crate::telemetry::{Dropped, Metrics, Refused};

/// What the manager has been told, and when to tell it more.
#[derive(Debug)]
pub(super) struct Status {
    manager: ManagerThread,
    /// The clients as their records in the roster say.
    noted: HashMap<ClientId, (Presence, Lasting)>,
    next_pulse: Option<Duration>,
    metrics: Arc<Metrics>,
    /// Lines said since the last pulse, without those of this batch.
    lines: usize,
    /// Lines said in this batch.
    batch: usize,
}

impl Status {
    pub(super) fn new(manager: ManagerThread, metrics: Arc<Metrics>) -> Self {
        let next_pulse = manager.pulse_interval().map(|_| Duration::ZERO);
        Self { manager, noted: HashMap::new(), next_pulse, metrics, lines: 0, batch: 0 }
    }

    /// All inherited clients have a record: the manager may drop what the previous process left.
    pub(super) fn take_over(&self) {
        self.manager.take_over();
    }

    /// Notes what this process is in its cluster, for the next one.
    pub(super) fn note_node(&self, origin: NodeOrigin) {
        self.manager.note_node(origin);
    }

    /// When [`pulse`](Self::pulse) has something to do next.
    pub(super) fn next_pulse(&self) -> Option<Duration> {
        self.next_pulse
    }

    /// Counts a line that was sent to so many clients.
    pub(super) fn count_line(&mut self, recipients: usize) {
        self.batch += 1;
        self.metrics.count_line(recipients);
    }

    /// Counts one more client that a line was sent to.
    pub(super) fn count_copy(&self) {
        self.metrics.count_copy();
    }

    /// Counts a batch that began at `start` and was sent by `now`, with `sent` bytes.
    pub(super) fn end_batch(&mut self, start: Duration, now: Duration, sent: usize) {
        self.metrics.count_sent(sent);
        if self.batch > 0 {
            self.metrics.count_batch(self.batch, now.saturating_sub(start));
            self.lines += std::mem::take(&mut self.batch);
        }
    }

    pub(super) fn set_store_pending(&self, lines: usize) {
        self.metrics.set_store_pending(lines);
    }

    pub(super) fn set_store_failing(&self, is_failing: bool) {
        self.metrics.set_store_failing(is_failing);
    }

    pub(super) fn count_lost(&self, lines: u64) {
        self.metrics.count_lost(lines);
    }

    pub(super) fn count_refused(&self, reason: Refused) {
        self.metrics.count_refused(reason);
    }

    /// Counts a client that left the chat, if the server disconnected it.
    pub(super) fn count_departure(&self, reason: &Reason) {
        match reason {
            Reason::TooSlow => self.metrics.count_dropped(Dropped::TooSlow),
            Reason::TimedOut => self.metrics.count_dropped(Dropped::TimedOut),
            Reason::Kicked(..) => self.metrics.count_dropped(Dropped::Kicked),
            Reason::Quit(_)
            | Reason::Disconnected
            | Reason::Moved(_)
            | Reason::MovedAway
            | Reason::KickedFromRoom(..)
            | Reason::Parted(_)
            | Reason::Lost(_) => {}
        }
    }

    /// Tells the manager that the broadcaster is alive, and how busy it is.
    pub(super) fn pulse(&mut self, now: Duration, clients: usize, chat: &Chat) {
        let (Some(due), Some(interval)) = (self.next_pulse, self.manager.pulse_interval()) else {
            return;
        };
        if now >= due {
            let seconds = (now.saturating_sub(due) + interval).as_secs_f64();
            let rate = (std::mem::take(&mut self.lines) as f64 / seconds).round();
            let rooms = chat.rooms_in_use();
            self.manager.pulse(format!("{clients} clients in {rooms} rooms, {rate} lines/s"));
            self.next_pulse = Some(now + interval);
        }
    }

    /// Writes a room's record to the roster.
    pub(super) fn note_room(&self, room: RoomName, chat: &Chat) {
        if self.manager.is_active() {
            self.manager.note_room(room, chat.room_record(room));
        }
    }

    /// Writes the records of all rooms to the roster.
    pub(super) fn note_rooms(&self, chat: &Chat) {
        if self.manager.is_active() {
            chat.room_records().for_each(|room| self.manager.note_room(room.name, Some(room)));
        }
    }

    /// Writes a client's record to the roster, if it has changed.
    pub(super) fn note(&mut self, id: ClientId, log: &Log, peers: &Peers) {
        if !self.manager.is_active() {
            return;
        }
        let Some(now) = log.presence(id).zip(peers.lasting(id)) else {
            self.noted.remove(&id);
            return;
        };
        if self.noted.get(&id) != Some(&now) {
            self.noted.insert(id, now.clone());
            self.manager.note(Record::new(id, now.1, now.0));
        }
    }
}

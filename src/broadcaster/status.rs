//! `Status`: what the service manager is told of the chat.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::{Chat, ClientId, Presence};
use crate::handover::Record;
use crate::systemd::Keeper;
use crate::wire::Dialect;

/// What the manager knows, and when it is to hear more.
#[derive(Debug)]
pub(super) struct Status {
    keeper: Keeper,
    noted: HashMap<ClientId, (Presence, Dialect)>,
    next_pulse: Option<Duration>,
    /// Lines said since the last pulse.
    lines: usize,
}

impl Status {
    pub(super) fn new(keeper: Keeper) -> Self {
        let next_pulse = keeper.pulse_interval().map(|_| Duration::ZERO);
        Self { keeper, noted: HashMap::new(), next_pulse, lines: 0 }
    }

    /// When [`pulse`](Self::pulse) has something to tell.
    pub(super) fn next_pulse(&self) -> Option<Duration> {
        self.next_pulse
    }

    /// A line was said.
    pub(super) fn count_line(&mut self) {
        self.lines += 1;
    }

    /// Tells the manager that the broadcaster is alive, and with whom.
    pub(super) fn pulse(&mut self, now: Duration, clients: usize, chat: &Chat) {
        let (Some(due), Some(interval)) = (self.next_pulse, self.keeper.pulse_interval()) else {
            return;
        };
        if now >= due {
            let seconds = (now.saturating_sub(due) + interval).as_secs_f64();
            let rate = (std::mem::take(&mut self.lines) as f64 / seconds).round();
            let rooms = chat.rooms_in_use();
            self.keeper.pulse(format!("{clients} clients in {rooms} rooms, {rate} lines/s"));
            self.next_pulse = Some(now + interval);
        }
    }

    /// Has it noted who a client is, if that has changed.
    pub(super) fn note(&mut self, id: ClientId, chat: &Chat, dialect: Option<Dialect>) {
        if !self.keeper.is_active() {
            return;
        }
        let Some((presence, dialect)) = chat.presence(id).zip(dialect) else {
            self.noted.remove(&id);
            return;
        };
        let now = (presence, dialect);
        if self.noted.get(&id) != Some(&now) {
            self.noted.insert(id, now.clone());
            self.keeper.note(Record { id, dialect, presence: now.0 });
        }
    }
}

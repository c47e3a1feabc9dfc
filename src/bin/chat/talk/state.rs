//! `Talk`: everything that a client at a terminal has to know.

use std::time::Duration;

use super::backoff::Backoff;
use super::listener::Listener;
use super::login::Login;
use super::outbox::Outbox;
use super::replay::Replay;
use super::rooms::Rooms;
use super::seen::Seen;
use super::wishes::Wishes;
use crate::identity::Identity;
use crate::page::Page;

/// The state of the client.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(super) stage: Stage,
    pub(super) identity: Identity,
    pub(super) login: Login,
    pub(super) listener: Listener,
    pub(super) wishes: Wishes,
    pub(super) rooms: Rooms,
    /// Links to rooms, if they are understood.
    pub(super) page: Option<Page>,
    pub(super) seen: Seen,
    pub(super) outbox: Outbox,
    /// The room that the user asked to join last, until the answer.
    pub(super) joining: Option<String>,
    /// Whether a chatd ever answered.
    pub(super) was_open: bool,
    /// Whether the user has the nick that the user wants.
    pub(super) is_named: bool,
    /// Whether the answers to the client's own commands are left out.
    pub(super) is_hushed: bool,
    /// What people said while the client was entering again.
    pub(super) replay: Option<Replay>,
    /// What the server refused last while the client was entering.
    pub(super) refusal: Option<String>,
    pub(super) backoff: Backoff,
    /// How many lines the server sent since the deadline passed.
    pub(super) late: usize,
    /// The `/quit` to send on leaving.
    pub(super) farewell: Option<String>,
    /// How long a lost server is tried again; `None` is for ever.
    pub(super) patience: Option<Duration>,
    /// When the server was lost, until it lets the user in again.
    pub(super) lost_at: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Away {
        dial_at: Duration,
    },
    Dialing,
    Entering {
        is_refused: bool,
        /// When to give up waiting for the server.
        until: Duration,
        /// When to leave at the latest, if the user leaves.
        leave_by: Option<Duration>,
    },
    Open {
        /// When to leave at the latest, if the user leaves; before, as soon as everything is sent.
        leave_by: Option<Duration>,
    },
    Leaving {
        until: Duration,
    },
    Over,
}

impl Talk {
    /// A talk that waits for its first connection.
    pub(crate) fn new(identity: Identity, account: Option<(String, String)>) -> Self {
        Self {
            stage: Stage::Dialing,
            identity,
            login: Login::new(account),
            listener: Listener::default(),
            wishes: Wishes::default(),
            rooms: Rooms::default(),
            page: None,
            seen: Seen::default(),
            outbox: Outbox::default(),
            joining: None,
            was_open: false,
            is_named: false,
            is_hushed: false,
            replay: None,
            refusal: None,
            backoff: Backoff::new(),
            late: 0,
            farewell: None,
            patience: None,
            lost_at: None,
        }
    }

    /// The same talk, with the bell and the times of lines on or off.
    pub(crate) fn with_settings(mut self, bell: bool, time: bool) -> Self {
        self.listener.bell = bell;
        self.wishes.set("time", time);
        self
    }

    /// The same talk, which understands links to rooms.
    pub(crate) fn with_links(self, page: Page) -> Self {
        Self { page: Some(page), ..self }
    }

    /// The same talk, which tries for so long to get back to a server that it lost.
    pub(crate) fn giving_up_after(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The room that the user types for, if there may be several: the one on the screen, or the one
    /// that the user is about to join.
    pub(crate) fn room(&self) -> Option<&str> {
        let joining = self.joining.as_deref().filter(|_| self.rooms.is_many());
        joining.or(self.rooms.address())
    }

    /// Whether the user is in this room.
    pub(crate) fn is_in(&self, room: &str) -> bool {
        self.rooms.number(room).is_some()
    }

    /// Whether the server received every typed line.
    pub(crate) fn is_all_delivered(&self) -> bool {
        self.outbox.is_empty()
    }

    /// When to give up, if the server is lost.
    pub(super) fn give_up_at(&self) -> Option<Duration> {
        self.lost_at.zip(self.patience).map(|(at, patience)| at + patience)
    }

    /// Whether the user wants to leave.
    pub(super) fn is_leaving(&self) -> bool {
        match self.stage {
            Stage::Entering { leave_by, .. } | Stage::Open { leave_by } => leave_by.is_some(),
            Stage::Leaving { .. } | Stage::Over => true,
            Stage::Away { .. } | Stage::Dialing => false,
        }
    }
}

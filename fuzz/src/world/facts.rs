//! What the chat would hand over of a client, which is all that it knows of who it is.

use chatd::chat::{Chat, ClientId, Moment};
use serde::Deserialize;

/// A presence, read from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Facts {
    pub(super) nick: String,
    pub(super) login: Option<String>,
    pub(super) mute: Option<Mute>,
    pub(super) room: String,
    pub(super) announced: bool,
    pub(super) echo: bool,
    pub(super) quiet: bool,
}

/// Somebody may not speak.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Mute {
    pub(super) until: Option<Moment>,
    pub(super) of: Option<String>,
}

impl Facts {
    pub(super) fn of(chat: &Chat, id: ClientId) -> Self {
        let presence = chat.presence(id).expect("who did not depart is here");
        let json = serde_json::to_vec(&presence).expect("a presence can be handed over");
        serde_json::from_slice(&json).expect("a presence has these fields")
    }

    pub(super) fn is_muted(&self, now: Moment) -> bool {
        self.mute.as_ref().is_some_and(|mute| is_ahead(mute.until, now))
    }
}

/// Whether something lasts beyond `now`; without an end it does.
pub(super) fn is_ahead(until: Option<Moment>, now: Moment) -> bool {
    until.is_none_or(|until| until.unix_ms > now.unix_ms)
}

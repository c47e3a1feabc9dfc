//! The objects of `chatd.v1`, as docs/PROTOCOL.md describes them, as far as the client needs them.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What the server tells.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(super) enum Object {
    Welcome {
        server: String,
        nick: String,
        room: String,
    },
    People {
        room: String,
        nicks: Vec<String>,
        here: usize,
    },
    History {
        room: String,
        messages: Vec<Object>,
    },
    Found {
        messages: Vec<Object>,
    },
    Said(Speech),
    Emote(Speech),
    Private {
        from: String,
        to: String,
        text: String,
        ts: i64,
        #[serde(default)]
        notice: bool,
    },
    Joined {
        room: String,
        nick: String,
        here: usize,
    },
    Left {
        room: String,
        nick: String,
        here: usize,
        reason: String,
    },
    Renamed {
        room: String,
        from: String,
        to: String,
    },
    Topic {
        room: String,
        nick: Option<String>,
        text: Option<String>,
    },
    Room(Room),
    Role {
        room: String,
        nick: String,
        role: String,
        on: bool,
        by: Option<String>,
    },
    Invited {
        room: String,
        by: String,
    },
    Kicked {
        room: String,
        by: String,
        why: Option<String>,
    },
    Notice {
        text: String,
        room: Option<String>,
        ts: Option<i64>,
    },
    Refused {
        text: String,
        room: Option<String>,
    },
    Bye {
        text: String,
    },
    /// Something that a later server tells.
    #[serde(other)]
    Unknown,
}

/// What somebody said or did in a room.
#[derive(Debug, Deserialize)]
pub(super) struct Speech {
    pub(super) room: String,
    pub(super) nick: String,
    pub(super) text: String,
    pub(super) ts: i64,
    #[serde(default)]
    pub(super) notice: bool,
}

/// The settings and roles of a room.
#[derive(Debug, Deserialize)]
pub(super) struct Room {
    pub(super) room: String,
    pub(super) settings: Map<String, Value>,
    pub(super) owner: Option<String>,
    pub(super) operators: Vec<String>,
    pub(super) voices: Vec<String>,
    pub(super) you: Option<String>,
}

impl Room {
    /// Its owner, operators and voices.
    pub(super) fn order(&self) -> String {
        let listed = |what: &str, nicks: &[String]| {
            (!nicks.is_empty()).then(|| format!("{what} {}", nicks.join(", ")))
        };
        let owner = self.owner.as_ref().map(|owner| format!("kept for {owner}"));
        let parts = [owner, listed("operators", &self.operators), listed("voices", &self.voices)];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "nobody keeps order here".to_owned() } else { parts.join("; ") }
    }

    /// Its settings.
    pub(super) fn settings(&self) -> String {
        let in_words = |(name, value): (&String, &Value)| match value {
            Value::Bool(on) => format!("{name} {}", if *on { "on" } else { "off" }),
            Value::String(word) => format!("{name} {word}"),
            other => format!("{name} {other}"),
        };
        self.settings.iter().map(in_words).collect::<Vec<_>>().join(", ")
    }
}

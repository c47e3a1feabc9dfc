//! `Signal`: what programs tell each other, which is never stored, and which only some wires show.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::{LineId, Nick, RoomName, RoomRole};
use crate::text::Text;

/// What a client's program says about a line, by key (IRCv3, message tags).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, String)>", into = "Vec<(String, String)>")]
pub struct Tags(Arc<[(String, String)]>);

impl Tags {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each key with its value.
    pub fn all(&self) -> &[(String, String)] {
        &self.0
    }
}

impl From<Vec<(String, String)>> for Tags {
    fn from(tags: Vec<(String, String)>) -> Self {
        Self(tags.into())
    }
}

impl From<Tags> for Vec<(String, String)> {
    fn from(Tags(tags): Tags) -> Self {
        tags.to_vec()
    }
}

/// A signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// Tags without a line.
    Tags,
    /// A CTCP message other than an action, without its marks.
    Ctcp {
        /// Whether it is an answer.
        is_notice: bool,
        /// The message.
        text: Text,
    },
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To a room.
    Room(RoomName),
    /// To those in a room who have this role, or a higher one.
    Role(RoomName, RoomRole),
    /// To a client.
    Nick(Nick),
    /// To a client; this is the sender's own copy.
    Echo(Nick),
}

/// A signal on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signalled {
    /// Where to.
    pub to: Place,
    /// What.
    pub signal: Signal,
    /// With these tags.
    pub tags: Tags,
    /// Its id.
    pub id: LineId,
}

/// The text of a line, with its tags.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) text: Text,
    pub(crate) tags: Tags,
}

impl From<Text> for Words {
    fn from(text: Text) -> Self {
        Self { text, tags: Tags::default() }
    }
}

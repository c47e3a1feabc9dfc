//! `Event`: what the store reports.

use std::time::Duration;

use super::request::Answer;
use crate::chat::{ClientId, LineFilter, Moment, Roll, RoomName};

/// What the store has to say. Comes on its own threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All that was handed over up to this number is on the disk, or lost.
    Committed {
        /// The number.
        upto: u64,
    },
    /// The disk takes nothing any more. It is tried again and again.
    Failing {
        /// What it says.
        error: String,
    },
    /// The disk takes everything again.
    Recovered {
        /// How long it did not.
        after: Duration,
    },
    /// There was no room for some lines; in the history a marker stands in their place.
    Lost {
        /// Where they were said.
        room: RoomName,
        /// How many they were.
        lines: u64,
        /// When the first was said.
        from: Moment,
        /// When the last was said.
        to: Moment,
    },
    /// There was no room for the markers of so many rooms either: so many lines of other rooms are
    /// lost without one.
    LostUnmarked {
        /// How many they were.
        lines: u64,
    },
    /// Another process changed the file, perhaps the accounts and bans: these are all.
    Changed(Roll),
    /// These lines are to be in nobody's memory any more.
    Forgotten(LineFilter),
    /// What became of what a client asked for.
    Answered(ClientId, Answer),
}

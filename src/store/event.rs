//! `Event`: what the store reports.

use std::time::Duration;

use super::note::Edit;
use super::request::{Answer, Denial};
use crate::chat::{ClientId, LineFilter, Moment, Roll, RollChange, RoomName};

/// A report of the store, made on one of its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything that was handed over up to this number is on the disk, or lost.
    Committed {
        /// The `seq` of the last such item.
        upto: u64,
    },
    /// Writing fails. The writer keeps trying.
    Failing {
        /// SQLite's message.
        error: String,
    },
    /// Writing works again.
    Recovered {
        /// How long writing failed.
        after: Duration,
    },
    /// The queue was full and lost some lines; the history has a marker in their place.
    Lost {
        /// Where they were said.
        room: RoomName,
        /// How many were lost.
        lines: u64,
        /// When the first was said.
        from: Moment,
        /// When the last was said.
        to: Moment,
    },
    /// There were too many rooms to remember their markers: these lines are lost without one.
    LostUnmarked {
        /// How many were lost.
        lines: u64,
    },
    /// Another process changed the file: all accounts and bans as they are now.
    Changed(Roll),
    /// Another process made these changes, which are to come into the shared log. Each is reported
    /// once; until it is noted as published, it comes again in the [`Past`](super::Past).
    Edited(Vec<Edit>),
    /// All accounts and bans, as the changes that make them.
    RollRead(Result<Vec<RollChange>, Denial>),
    /// The server must drop these lines from its memory. Not reported when
    /// [nobody](ClientId::NOBODY) asked for it.
    Forgotten(LineFilter),
    /// The answer to what a client asked.
    Answered(ClientId, Answer),
}

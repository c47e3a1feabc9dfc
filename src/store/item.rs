//! `Item`: one thing to write.

use super::note::Note;
use crate::chat::{Entry, KeptRoom, LineId, Moment, RoomName};
use crate::text::Text;

/// What a note counts for, in bytes.
const NOTE_BYTES: usize = 512;
/// What a ban or role in a kept room counts for, in bytes.
const KEPT_BYTES: usize = 128;

/// One thing to write. `seq` counts from 1 in the order of handing over. `GapBefore` says that lines
/// are missing before a line, without their number.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Line { seq: u64, room: RoomName, entry: Entry },
    Topic { seq: u64, room: RoomName, topic: Option<Text> },
    Kept { seq: u64, room: RoomName, kept: Option<Box<KeptRoom>> },
    Gap { room: RoomName, gap: Gap },
    GapBefore { seq: u64, room: RoomName, id: LineId, at: Moment, private: bool },
    Note { seq: u64, note: Note },
}

/// Lines of a room that were lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The id of the first lost line.
    pub(super) id: LineId,
    /// The `seq` of the first and of the last lost line.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) lines: u64,
    pub(super) from: Moment,
    pub(super) to: Moment,
    /// Whether the room was private when each of them was said.
    pub(super) private: bool,
}

impl Item {
    pub(super) fn room(&self) -> Option<RoomName> {
        match self {
            Self::Line { room, .. }
            | Self::Topic { room, .. }
            | Self::Kept { room, .. }
            | Self::Gap { room, .. }
            | Self::GapBefore { room, .. } => Some(*room),
            Self::Note { .. } => None,
        }
    }

    /// Whether a room is kept no longer.
    pub(super) fn ends_keeping(&self) -> bool {
        matches!(self, Self::Kept { kept: None, .. })
    }

    pub(super) fn note(&self) -> Option<&Note> {
        if let Self::Note { note, .. } = self { Some(note) } else { None }
    }

    pub(super) fn seq(&self) -> u64 {
        match self {
            Self::Line { seq, .. }
            | Self::Topic { seq, .. }
            | Self::Kept { seq, .. }
            | Self::GapBefore { seq, .. }
            | Self::Note { seq, .. } => *seq,
            Self::Gap { gap, .. } => gap.last,
        }
    }

    /// About what it takes of memory beyond its own size.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Line { entry, .. } => entry.text.as_str().len(),
            Self::Topic { topic, .. } => topic.as_ref().map_or(0, |topic| topic.as_str().len()),
            Self::Kept { kept, .. } => kept
                .as_ref()
                .map_or(0, |kept| KEPT_BYTES * (1 + kept.bans.len() + kept.roles.len())),
            Self::Gap { .. } | Self::GapBefore { .. } => 0,
            Self::Note { .. } => NOTE_BYTES,
        }
    }
}

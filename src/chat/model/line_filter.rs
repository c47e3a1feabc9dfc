//! `LineFilter`: which lines to forget.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::line_id::LineId;
use super::moment::Moment;
use super::name::{Nick, RoomName};
use crate::text::Text;

/// Matches lines that meet all of these conditions; `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFilter {
    /// Said under this nick, in any spelling.
    pub nick: Option<Nick>,
    /// Said in this room.
    pub room: Option<RoomName>,
    /// Said at this moment or later.
    pub since: Option<Moment>,
    /// Said at this moment or earlier.
    pub until: Option<Moment>,
    /// Containing exactly this text.
    pub text: Option<Text>,
    /// The line with this id.
    #[serde(default)]
    pub id: Option<LineId>,
    /// No line of the same process that was said after this one.
    #[serde(default)]
    pub upto: Option<LineId>,
}

impl LineFilter {
    /// Whether `line`, which was said in `room`, meets all conditions. Markers never do.
    pub fn matches(&self, room: RoomName, line: &Entry) -> bool {
        !line.kind.is_marker()
            && self.room.is_none_or(|own| own == room)
            && self.nick.is_none_or(|nick| nick.resembles(line.from))
            && self.since.is_none_or(|since| line.at >= since)
            && self.until.is_none_or(|until| line.at <= until)
            && self.text.as_ref().is_none_or(|text| line.text.as_str().contains(text.as_str()))
            && self.id.as_ref().is_none_or(|id| *id == line.id)
            && self.upto.as_ref().is_none_or(|upto| !line.id.is_after(upto))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::model::Kind;

    #[test]
    fn all_conditions_have_to_hold() {
        let room = |name| RoomName::new(name).unwrap();
        let (from, at) = (Nick::new("B0b").unwrap(), Moment { unix_ms: 5 });
        let line = Entry {
            id: LineId::new("box7-1", 7),
            at,
            from,
            kind: Kind::Said,
            text: Text::new("the key is s3cret!"),
            private: false,
        };
        let exact = LineFilter {
            nick: Nick::new("bob"),
            room: Some(room("dev")),
            since: Some(at),
            until: Some(at),
            text: Some(Text::new("s3cret")),
            id: Some(LineId::new("box7-1", 7)),
            upto: Some(LineId::new("box7-1", 7)),
        };
        assert!(exact.matches(room("dev"), &line) && !exact.matches(room("ops"), &line));
        let (earlier, later) = (Some(Moment { unix_ms: 4 }), Some(Moment { unix_ms: 6 }));
        for other in [
            LineFilter { nick: Nick::new("rob"), ..exact.clone() },
            LineFilter { since: later, ..exact.clone() },
            LineFilter { until: earlier, ..exact.clone() },
            LineFilter { text: Some(Text::new("S3cret")), ..exact.clone() },
            LineFilter { id: Some(LineId::new("box7-2", 7)), ..exact.clone() },
            LineFilter { upto: Some(LineId::new("box7-1", 6)), ..exact.clone() },
        ] {
            assert!(!other.matches(room("dev"), &line), "{other:?}");
        }
        let of_another = LineFilter { upto: Some(LineId::new("box7-2", 6)), ..exact };
        assert!(of_another.matches(room("dev"), &line));
        assert!(LineFilter::default().matches(room("dev"), &line));
    }
}

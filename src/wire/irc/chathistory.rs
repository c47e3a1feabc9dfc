//! CHATHISTORY: which lines a client asks for (IRCv3, chathistory).

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::encode::channel;
use super::line::Line;
use super::relay::server_time;
use super::replies::Replies;
use super::request::Request;
use crate::chat::{Moment, Part, Reference, RoomName};

/// The most lines in one answer (`CHATHISTORY` in 005).
pub const MAX_LINES: usize = 100;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Lines of a room or with a person.
    Lines {
        /// The target, as typed.
        target: String,
        /// Which lines.
        part: Part,
        /// At most so many.
        limit: usize,
    },
    /// What has had lines between two moments.
    Targets {
        /// Behind this moment.
        from: Moment,
        /// Before this one.
        to: Moment,
        /// At most so many.
        limit: usize,
    },
}

/// Why a request cannot be answered; each has its code for `FAIL CHATHISTORY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// There is no such command.
    UnknownCommand,
    /// A parameter is missing.
    NeedMoreParams,
    /// A parameter is not what it should be.
    InvalidParams,
}

impl QueryError {
    /// The code of the standard reply.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownCommand => "UNKNOWN_COMMAND",
            Self::NeedMoreParams => "NEED_MORE_PARAMS",
            Self::InvalidParams => "INVALID_PARAMS",
        }
    }
}

impl Query {
    /// Parses a request.
    ///
    /// # Errors
    /// It is not complete, or not what the specification defines.
    pub fn parse(request: &Request) -> Result<Self, QueryError> {
        let param = |number| request.param(number).ok_or(QueryError::NeedMoreParams);
        let command = param(0)?.to_ascii_uppercase();
        let place = |number| param(number).and_then(reference);
        if command == "TARGETS" {
            let (one, other) = (moment(place(1)?)?, moment(place(2)?)?);
            let (from, to) = (one.min(other), one.max(other));
            return Ok(Self::Targets { from, to, limit: limit(param(3)?)? });
        }
        let (part, last) = match &*command {
            "LATEST" if param(2)? == "*" => (Part::Latest(None), 3),
            "LATEST" => (Part::Latest(Some(place(2)?)), 3),
            "BEFORE" => (Part::Before(place(2)?), 3),
            "AFTER" => (Part::After(place(2)?), 3),
            "AROUND" => (Part::Around(place(2)?), 3),
            "BETWEEN" => (Part::Between(place(2)?, place(3)?), 4),
            _ => return Err(QueryError::UnknownCommand),
        };
        let target = param(1)?.to_owned();
        Ok(Self::Lines { target, part, limit: limit(param(last)?)? })
    }
}

fn reference(text: &str) -> Result<Reference, QueryError> {
    let (kind, value) = text.split_once('=').ok_or(QueryError::InvalidParams)?;
    match kind {
        "timestamp" => {
            let at = timestamp(value).ok_or(QueryError::InvalidParams)?;
            Ok(Reference::Time(Moment { unix_ms: at.as_millisecond() }))
        }
        "msgid" if !value.is_empty() => Ok(Reference::Line(without_piece(value).to_owned())),
        _ => Err(QueryError::InvalidParams),
    }
}

/// A moment; one of the last days of 9999, which clients take for the end of time, is the last that
/// there is.
fn timestamp(text: &str) -> Option<Timestamp> {
    let is_end = || {
        let date = text.strip_suffix('Z').filter(|date| date.starts_with("9999-12-3"));
        date.is_some_and(|date| date.parse::<DateTime>().is_ok())
    };
    text.parse().ok().or_else(|| is_end().then_some(Timestamp::MAX))
}

/// The id of a line without the number of the piece that a client was shown.
fn without_piece(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((line, piece)) if piece.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = line.rsplit('-').next().unwrap_or_default();
            if number.parse::<u64>().is_ok() { line } else { id }
        }
        _ => id,
    }
}

fn moment(reference: Reference) -> Result<Moment, QueryError> {
    match reference {
        Reference::Time(at) => Ok(at),
        Reference::Line(_) => Err(QueryError::InvalidParams),
    }
}

/// A positive number; one that is too large is lowered.
fn limit(text: &str) -> Result<usize, QueryError> {
    let limit: u32 = text.parse().map_err(|_| QueryError::InvalidParams)?;
    match limit {
        0 => Err(QueryError::InvalidParams),
        limit => Ok((limit as usize).min(MAX_LINES)),
    }
}

/// Refuses a request: the code, what it is about, and why.
pub fn refuse(request: &Request, code: &str, why: &str, replies: &mut Replies<'_>) {
    let command = request.param(0).unwrap_or("*").to_ascii_uppercase();
    let names_target =
        code == "INVALID_TARGET" || (code == "MESSAGE_ERROR" && command != "TARGETS");
    match request.param(1).filter(|_| names_target) {
        Some(target) => {
            replies.command("FAIL", &["CHATHISTORY", code, &command, target], why);
        }
        None => replies.command("FAIL", &["CHATHISTORY", code, &command], why),
    }
}

/// Appends what has had lines, and when, the earliest first.
pub(super) fn targets(server: &str, times: &[(RoomName, Moment)], out: &mut Vec<u8>) {
    for (room, at) in times {
        let line = Line::new(server, "CHATHISTORY").param("TARGETS").param(channel(*room));
        line.param(server_time(at.unix_ms)).end(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(params: &str) -> Result<Query, QueryError> {
        Query::parse(&Request::parse(&format!("CHATHISTORY {params}")))
    }

    fn lines(part: Part, limit: usize) -> Result<Query, QueryError> {
        Ok(Query::Lines { target: "#dev".to_owned(), part, limit })
    }

    #[test]
    fn each_command_asks_for_its_part() {
        let moment = Moment { unix_ms: 1_795_348_952_007 };
        let at = || Reference::Time(moment);
        let id = || Reference::Line("box7-1".to_owned());
        let time = "timestamp=2026-11-22T12:02:32.007Z";
        assert_eq!(parse("LATEST #dev * 10"), lines(Part::Latest(None), 10));
        assert_eq!(
            parse("latest #dev msgid=box7-1 999"),
            lines(Part::Latest(Some(id())), MAX_LINES)
        );
        assert_eq!(parse(&format!("BEFORE #dev {time} 1")), lines(Part::Before(at()), 1));
        assert_eq!(parse("AFTER #dev msgid=box7-1 5"), lines(Part::After(id()), 5));
        assert_eq!(parse("AFTER #dev msgid=box7-1.2 5"), lines(Part::After(id()), 5));
        assert_eq!(parse(&format!("AROUND #dev {time} 5")), lines(Part::Around(at()), 5));
        assert_eq!(
            parse(&format!("BETWEEN #dev {time} msgid=box7-1 5")),
            lines(Part::Between(at(), id()), 5)
        );
        let (from, to) = (moment, moment);
        assert_eq!(
            parse(&format!("TARGETS {time} {time} 50")),
            Ok(Query::Targets { from, to, limit: 50 })
        );
    }

    #[test]
    fn the_end_of_time_is_a_moment() {
        let last = Reference::Time(Moment { unix_ms: Timestamp::MAX.as_millisecond() });
        let parsed = parse("AFTER #dev timestamp=9999-12-31T23:59:59.999Z 2");
        assert_eq!(parsed, lines(Part::After(last), 2));
    }

    #[test]
    fn what_is_not_defined_is_refused() {
        for (params, error) in [
            ("", QueryError::NeedMoreParams),
            ("LATEST", QueryError::NeedMoreParams),
            ("LATEST #dev *", QueryError::NeedMoreParams),
            ("BETWEEN #dev msgid=a msgid=b", QueryError::NeedMoreParams),
            ("FOO #dev * 1", QueryError::UnknownCommand),
            ("BEFORE #dev * 1", QueryError::InvalidParams),
            ("LATEST #dev * 0", QueryError::InvalidParams),
            ("LATEST #dev * -1", QueryError::InvalidParams),
            ("AFTER #dev timestamp=yesterday 1", QueryError::InvalidParams),
            ("AFTER #dev msgid= 1", QueryError::InvalidParams),
            ("TARGETS msgid=a msgid=b 1", QueryError::InvalidParams),
            ("AFTER #dev timestamp=9999-12-32T23:59:59.999Z 1", QueryError::InvalidParams),
        ] {
            assert_eq!(parse(params), Err(error), "{params}");
        }
    }
}

//! MARKREAD: up to when a client has read what was said (IRCv3, read-marker).

use std::fmt::Display;

use jiff::Timestamp;

use super::line::Line;
use super::relay::server_time;
use super::replies::Replies;
use crate::chat::Moment;

const COMMAND: &str = "MARKREAD";

/// The moment that a timestamp names.
pub(super) fn moment(timestamp: &str) -> Option<Moment> {
    let at: Timestamp = timestamp.parse().ok()?;
    Some(Moment { unix_ms: at.as_millisecond() })
}

/// Refuses a request without parameters.
pub(super) fn need_more(replies: &mut Replies<'_>) {
    replies.standard("FAIL", COMMAND, "NEED_MORE_PARAMS", "parameters are missing");
}

/// Refuses what is no place, or no time.
pub(super) fn refuse(why: impl Display, replies: &mut Replies<'_>) {
    replies.standard("FAIL", COMMAND, "INVALID_PARAMS", why);
}

/// Appends up to when a place is read.
pub(super) fn tell(server: &str, place: &str, at: Option<Moment>, out: &mut Vec<u8>) {
    let at = at.map(|at| format!("timestamp={}", server_time(at.unix_ms)));
    let line = Line::new(server, COMMAND).param(place);
    line.param(at.as_deref().unwrap_or("*")).end(out);
}

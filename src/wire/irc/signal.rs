//! What programs tell each other: TAGMSG, and CTCP other than ACTION.

use super::caps::{Cap, Caps};
use super::relay::{Sender, Stamp, begin};
use crate::chat::{Moment, Place, Signal, Signalled};

/// Appends a signal; TAGMSG only for clients that get tags.
pub(super) fn encode(
    sender: &Sender<'_>,
    at: Moment,
    Signalled { to, signal, tags, id }: &Signalled,
    caps: Caps,
    out: &mut Vec<u8>,
) {
    let id = id.to_string();
    let stamp = Stamp { unix_ms: at.unix_ms, id: Some(&id) };
    let target = match to {
        Place::Room(room) => format!("#{room}"),
        Place::Nick(nick) | Place::Echo(nick) => nick.to_string(),
    };
    let command = match signal {
        Signal::Tags if !caps.has(Cap::MessageTags) => return,
        Signal::Tags => "TAGMSG",
        Signal::Ctcp { is_notice: true, .. } => "NOTICE",
        Signal::Ctcp { is_notice: false, .. } => "PRIVMSG",
    };
    let mut line = begin(sender, stamp, command, caps).param(target);
    if caps.has(Cap::MessageTags) {
        line = tags.all().iter().fold(line, |line, (key, value)| line.tag(key, value));
    }
    match signal {
        Signal::Tags => line.end(out),
        Signal::Ctcp { text, .. } => line.last(format_args!("\x01{text}\x01")).end(out),
    }
}

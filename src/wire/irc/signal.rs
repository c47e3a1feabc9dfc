//! What is told beside the lines of a room: TAGMSG, CTCP other than ACTION, and lines to those who
//! have a role (STATUSMSG).

use super::caps::{Cap, Caps};
use super::relay::{Form, Sender, Stamp, begin, text};
use crate::chat::{Moment, Place, RoomName, RoomRole, SaidToRole, Signal, Signalled};

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
        Place::Role(room, role) => addressed(*room, *role),
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

/// Those in a room who have a role, as a target.
fn addressed(room: RoomName, role: RoomRole) -> String {
    match role {
        RoomRole::Operator => format!("@#{room}"),
        RoomRole::Voice => format!("+#{room}"),
    }
}

/// Appends a line to those who have a role.
pub(super) fn said_to_role(
    sender: &Sender<'_>,
    at: Moment,
    said: &SaidToRole,
    caps: Caps,
    out: &mut Vec<u8>,
) {
    let id = said.id.to_string();
    let stamp = Stamp { unix_ms: at.unix_ms, id: Some(&id) };
    let target = addressed(said.room, said.role);
    let what = (&*target, Form::from(said.manner), said.text.as_str());
    text(sender, stamp, what, said.tags.all(), caps, out);
}

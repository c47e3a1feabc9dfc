//! Encodes messages as the lines that IRC clients share.

use super::caps::Caps;
use super::line::Line;
use crate::chat::Message;

/// Appends the lines of `message` for clients with these [shared](Caps::shared) capabilities.
pub fn encode(message: &Message, _: Caps, out: &mut Vec<u8>) {
    // A client that is turned away has no session, and gets nothing else.
    if let Message::Refused(refusal) = message {
        Line::bare("ERROR").last(format_args!("!! {refusal}")).end(out);
    }
}

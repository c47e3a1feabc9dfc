//! What a client is told that is turned away.

use std::time::Duration;

use crate::admission::TurnedAway;
use crate::chat::{Message, Refusal};
use crate::net::Status;
use crate::text::Text;
use crate::web::Denied;
use crate::wire::{Dialect, Farewell};

/// The reason for turning a client away and the end of the stream, in its dialect.
pub(super) fn last_words(dialect: Dialect, reason: TurnedAway) -> Vec<u8> {
    if dialect.stream().is_some() {
        let wait = Duration::from_secs(5);
        let denied = Denied::later(Status::ServiceUnavailable, wait, reason.to_string());
        return denied.to_bytes(&[]);
    }
    let mut words = refusal(dialect, &reason.to_string());
    dialect.encode_end(Farewell::TryLater, &mut words);
    words
}

/// A refusal in the dialect of a client.
pub(super) fn refusal(dialect: Dialect, why: &str) -> Vec<u8> {
    let mut words = Vec::new();
    dialect.encode(&Message::Refused(Refusal::TurnedAway(Text::new(why))), &mut words);
    words
}

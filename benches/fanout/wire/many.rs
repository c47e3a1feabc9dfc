//! Where there are many conversations at a time: who is in which, and how that is said.

use super::{CHATD, CHATD_IRC, Dialect, IRC, REDIS};

/// How many conversations there are. Client 0 to this speak, one in each; the others only listen.
pub(crate) const CONVERSATIONS: usize = 100;

/// Whether a listener is in that conversation, if each is in one.
pub(crate) fn is_in_one(listener: usize, conversation: usize) -> bool {
    listener % CONVERSATIONS == conversation
}

/// Whether a listener is in that conversation, if each is in ten.
pub(crate) fn is_in_several(listener: usize, conversation: usize) -> bool {
    listener % 10 == conversation % 10
}

/// The conversations that a client is in.
fn conversations(index: usize, is_in: fn(usize, usize) -> bool) -> impl Iterator<Item = usize> {
    (0..CONVERSATIONS).filter(move |conversation| match index.checked_sub(CONVERSATIONS) {
        Some(listener) => is_in(listener, *conversation),
        None => index == *conversation,
    })
}

/// As [`CHATD`], in one of many rooms.
pub(crate) static CHATD_ROOMS: Dialect = Dialect {
    hello: |index, _| format!("/join r{}\n/ping\n", index % CONVERSATIONS).into_bytes(),
    ..CHATD
};

/// As [`CHATD`], for those who hear from one other in private.
pub(crate) static CHATD_PAIRS: Dialect = Dialect {
    hello: |index, sends| {
        let (name, number) = (if sends { 's' } else { 'p' }, index % CONVERSATIONS);
        format!("/nick {name}{number}\n/ping\n").into_bytes()
    },
    ..CHATD
};

/// As [`IRC`], in several channels; the channel comes before a line.
pub(crate) static IRC_SEVERAL: Dialect = Dialect {
    before: b"",
    hello: |index, _| {
        let channels = conversations(index, is_in_several).map(|number| format!("#r{number}"));
        let channels = channels.collect::<Vec<_>>().join(",");
        format!("NICK n{index}\r\nUSER u 0 * :u\r\nJOIN {channels}\r\n").into_bytes()
    },
    ..IRC
};

/// The same, in chatd.
pub(crate) static CHATD_IRC_SEVERAL: Dialect = Dialect { settle: CHATD_IRC.settle, ..IRC_SEVERAL };

/// As [`REDIS`], each in one of many channels; the channel comes before a line.
pub(crate) static REDIS_ROOMS: Dialect = Dialect {
    before: b"",
    envelope: None,
    hello: |index, sends| subscribe(index, sends, is_in_one),
    ..REDIS
};

/// The same in several channels.
pub(crate) static REDIS_SEVERAL: Dialect =
    Dialect { hello: |index, sends| subscribe(index, sends, is_in_several), ..REDIS_ROOMS };

fn subscribe(index: usize, sends: bool, is_in: fn(usize, usize) -> bool) -> Vec<u8> {
    if sends {
        return b"PING\r\n".to_vec();
    }
    let channels: Vec<_> = conversations(index, is_in).map(|number| format!("r{number}")).collect();
    format!("SUBSCRIBE {}\r\n", channels.join(" ")).into_bytes()
}

/// What comes before a line to one of many channels of redis.
pub(crate) fn publish_to(number: usize) -> String {
    let channel = format!("r{number}");
    format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n$63\r\n", channel.len())
}

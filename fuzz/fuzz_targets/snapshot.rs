//! What another process left: any bytes are either refused, or give a chat that can continue.
//!
//! Input: a snapshot, or a record of the roster.
#![no_main]

use std::time::Duration;

use chatd::admission::Limits;
use chatd::chat::{Chat, ClientId, Effects, Event, Moment, Now, Reason, Roll, Settings};
use chatd::restart::{Record, SavedSession, Snapshot};
use chatd::text::Line;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    max_clients: 10,
    max_per_ip: 10,
    max_line: 64,
    rate: 5,
    burst: 20,
    send_queue: 1 << 20,
    idle_timeout: None,
};
/// What each client does next: nothing may come of it that has to do with where it was.
const LINES: [&str; 15] = [
    "hello",
    "/who",
    "/rooms",
    "/nick alice",
    "/join dev",
    "/topic ours",
    "/topic -",
    "/reply yes",
    "/whois alice",
    "/ignore alice",
    "/unignore alice",
    "/login alice pw",
    "/history",
    "/leave",
    "/away",
];

fuzz_target!(|input: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<Record>(input) {
        let mut chat = Chat::new(Settings::default());
        assert!(chat.bring_back(Now::default(), record.id, &record.presence));
        go_on(chat, Now::default());
    }
    let Ok(mut snapshot) = Snapshot::from_bytes(input.to_vec()) else { return };
    let now = Now { uptime: snapshot.uptime, moment: Moment { unix_ms: 1_700_000_000_000 } };
    let queued: usize = snapshot
        .take_clients()
        .into_iter()
        .map(|(client, queue)| {
            read_on(client.session, now.uptime);
            queue.len()
        })
        .sum();
    assert!(queued <= input.len());
    go_on(snapshot.chat, now);
});

/// A session takes up where it was left.
fn read_on(mut session: SavedSession, now: Duration) {
    let mut input: &[u8] = b"lo\r\n\xff\xf7\x04\x81\x85abcdhello";
    while session.decoder.next(&mut input, LIMITS.max_line).is_some() {}
    while session.decoder.finish(LIMITS.max_line).is_some() {}
    let _ = session.bucket.take(&LIMITS, now);
    let lines = session.bucket.lines(&LIMITS, now);
    assert!(lines <= LIMITS.burst);
    session.bucket.take_lines(lines);
}

/// Everybody who is in the chat does something, and leaves.
fn go_on(mut chat: Chat, mut now: Now) {
    let mut effects = Effects::default();
    chat.configure(Settings { replay: 5, has_archive: true, ..Settings::default() });
    chat.register(Roll::default());
    chat.enforce(now, &mut effects);
    let everyone = chat.clients();
    let mut all = |chat: &mut Chat, event: Event| {
        for &id in &everyone {
            now.uptime += Duration::from_secs(7);
            chat.handle(now, id, event.clone(), &mut effects);
            chat.tick(now, &mut effects);
            assert!(chat.presence(id).is_some() || chat.nick(id).is_none());
        }
        effects.clear();
    };
    all(&mut chat, Event::Settled);
    for line in LINES {
        all(&mut chat, Event::Line(Line::new(line)));
    }
    all(&mut chat, Event::Gone(Reason::Disconnected));
    assert_eq!(chat.clients(), [ClientId(0); 0]);
    assert_eq!(chat.rooms_in_use(), 0);
}

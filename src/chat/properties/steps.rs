//! What may happen to the chat.

use std::time::Duration;

use proptest::prelude::*;

use crate::chat::{Event, Reason};

/// Something that happens to the chat; clients are numbered by their place among the connected.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Connect(u8),
    Say(usize),
    Type(usize, &'static str),
    Other(usize, Event),
    /// Somebody speaks over HTTP: from an address, under a name or none.
    Post(u8, Option<&'static str>),
    /// The store answers the oldest question.
    Answer,
    Pass(u64),
}

const LINES: [&str; 88] = [
    "/nick alice",
    "/nick ALICE",
    "/nick al1ce",
    "/nick bob",
    "/nick B0B",
    "/nick root",
    "/nick 7",
    "/join dev",
    "/join #DEV",
    "/leave",
    "/join ops",
    "/me waves",
    "/msg alice psst",
    "/msg bob hey",
    "/reply yes",
    "/ignore alice",
    "/unignore alice",
    "/ignore bob",
    "/echo on",
    "/quiet on",
    "/topic ours",
    "/who",
    "/who dev",
    "/away",
    "/quit",
    "/nick carol",
    "/nick dave",
    "/nick DAVE",
    "/register pw pw pw",
    "/login alice pw",
    "/login AL1CE pw",
    "/login bob pw",
    "/login bob no",
    "/login carol pw",
    "/login carol pw",
    "/kick alice spam",
    "/mute bob 20s",
    "/unmute bob",
    "/ban alice 30s",
    "/ban B0B",
    "/ban 192.0.2.1 10s",
    "/ban 192.0.2.0/31 10s spam",
    "/unban bob",
    "/bans",
    "/slow 5",
    "/lockdown on",
    "/lockdown off",
    "/motd",
    "/password pw pw pw",
    "/ignore erin",
    "/mute erin 20s",
    "/unmute erin",
    "/whois erin",
    "/forget alice",
    "/forget B0B 7",
    "/join dev s3cret",
    "/join dev",
    "/join ops",
    "/op alice",
    "/op bob",
    "/deop alice",
    "/deop bob",
    "/voice bob",
    "/voice alice",
    "/devoice bob",
    "/invite alice",
    "/invite bob",
    "/kick bob out",
    "/room",
    "/room invite-only on",
    "/room invite-only off",
    "/room key s3cret",
    "/room key off",
    "/room hidden on",
    "/room hidden off",
    "/room moderated on",
    "/room topic-lock on",
    "/room limit 1",
    "/room outside on",
    "/room slow 10",
    "/room keep on",
    "/room keep off",
    "/room owner dave",
    "/room kick alice",
    "/room ban bob 20s",
    "/room unban B0B",
    "/msg #dev zz9",
    "/who ops",
];

const NAMES: [Option<&str>; 4] = [None, Some("alice"), Some("B0B"), Some("erin")];

pub(super) fn step() -> impl Strategy<Value = Step> {
    let client = 0..8usize;
    let other = prop_oneof![
        Just(Event::Settled),
        Just(Event::Quit),
        Just(Event::Ping),
        Just(Event::Gone(Reason::Disconnected)),
        Just(Event::Gone(Reason::TooSlow)),
        Just(Event::TooLong { bytes: 2000, limit: 1024 }),
    ];
    prop_oneof![
        2 => (0..3u8).prop_map(Step::Connect),
        4 => client.clone().prop_map(Step::Say),
        6 => (client.clone(), prop::sample::select(&LINES[..])).prop_map(|(c, l)| Step::Type(c, l)),
        2 => (client, other).prop_map(|(c, event)| Step::Other(c, event)),
        2 => (0..3u8, prop::sample::select(&NAMES[..])).prop_map(|(from, n)| Step::Post(from, n)),
        3 => Just(Step::Answer),
        1 => (0..70_000u64).prop_map(Step::Pass),
    ]
}

/// How long lines are kept, if there is a limit.
pub(super) fn keep() -> impl Strategy<Value = Option<Duration>> {
    prop::option::of((0..100_000u64).prop_map(Duration::from_millis))
}

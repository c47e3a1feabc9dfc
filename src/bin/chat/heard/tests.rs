use super::*;

type Parts<'a> = (Option<Time>, Option<&'a str>, Form, &'a str, &'a str);

/// The parts of a line that a person said.
fn parts(line: &str) -> Option<Parts<'_>> {
    let speech = Speech::of(line)?;
    assert_eq!(&line[speech.name.clone()], speech.nick);
    Some((speech.time, speech.room, speech.form, speech.nick, speech.text))
}

#[test]
fn what_people_say_is_told_from_notices() {
    let (clock, dated) = (Some(Time::Clock), Some(Time::Dated));
    for (line, expected) in [
        ("<bob> hi", (None, None, Form::Said, "bob", "hi")),
        ("* bob waves", (None, None, Form::Done, "bob", "waves")),
        ("-bob- hi", (None, None, Form::Noticed, "bob", "hi")),
        ("[from bob] hi", (None, None, Form::From, "bob", "hi")),
        ("[to bob] hi", (None, None, Form::To, "bob", "hi")),
        ("-- bob to operators of dev: a: b", (None, None, Form::ToRole, "bob", "a: b")),
        ("-- bob to operators and voices of dev: hi", (None, None, Form::ToRole, "bob", "hi")),
        ("[14:02] <bob> [15:03] <eve> hi", (clock, None, Form::Said, "bob", "[15:03] <eve> hi")),
        ("[2026-11-22 14:02] * bob waves", (dated, None, Form::Done, "bob", "waves")),
        ("[2026-11-22 14:02] dev <bob> hi", (dated, Some("dev"), Form::Said, "bob", "hi")),
    ] {
        assert_eq!(parts(line), Some(expected), "{line}");
    }
    for line in [
        "-- bob joined (2 here)",
        "-- <bob> hi",
        "-- bob to operators: hi",
        "-- bob set the topic: bob to operators of dev: hi",
        "!! <bob> hi",
        "<two words> hi",
        "[14:02] dev <bob> hi",
        "[14:0x] <bob> hi",
        "[history gap: 1 line]",
        "[2026-11-22 14:02] two words <bob> hi",
        "",
    ] {
        assert_eq!(parts(line), None, "{line}");
    }
}

#[test]
fn the_answers_of_the_server_are_known() {
    let (nick, room) = ("alice", "dev");
    for (line, expected) in [
        (
            "-- Welcome to chatd on box. You are x. You are alice, alone in dev.",
            Notice::Welcome { nick, room },
        ),
        ("-- You are in dev with bob (2 here).", Notice::Moved { room }),
        ("-- You are alone in dev.", Notice::Moved { room }),
        ("-- you are now alice", Notice::Renamed { nick }),
        ("-- alice joined (2 here)", Notice::Joined { nick }),
        ("-- alice is now bob", Notice::NowCalled { from: nick, to: "bob" }),
        ("-- alice left: quit: bye (2 here)", Notice::Left { nick }),
        ("-- you are logged in as alice", Notice::LoggedIn { nick }),
        ("-- alice is yours now; next time: /login alice PASSWORD", Notice::LoggedIn { nick }),
        ("-- the password of alice is changed", Notice::PasswordChanged { nick }),
        ("-- you are logged out: the account alice was removed", Notice::LoggedOut),
        ("-- alice has logged in", Notice::Replaced { nick }),
        ("-- time is on", Notice::Set { setting: "time", on: true }),
        ("-- quiet is off", Notice::Set { setting: "quiet", on: false }),
        ("-- you are ignoring alice", Notice::Ignoring { nick }),
        ("-- you no longer ignore alice", Notice::NotIgnoring { nick }),
    ] {
        assert_eq!(Notice::of(line), Some(expected), "{line}");
    }
}

#[test]
fn the_words_of_people_are_no_answers() {
    for words in [
        "alice is yours now; next time: /login alice PASSWORD",
        "you are now eve",
        "You are alone in ops.",
        "you are logged in as eve",
        "eve left: x (1 here)",
        "pong",
        "time is on",
    ] {
        for before in ["alice set the topic: ", "the topic is ", "bob is away: ", "  "] {
            let line = format!("-- {before}{words}");
            let topic = before.contains("topic").then_some(Notice::Topic { text: Some(words) });
            assert_eq!(Notice::of(&line), topic, "{line}");
        }
        assert_eq!(Notice::of(&format!("<eve> -- {words}")), None);
    }
    for line in [
        "-- alice is yours now; next time: /login bob PASSWORD",
        "-- you are now eve; /quit",
        "-- You are alone in two words.",
        "-- the password of two words is changed",
    ] {
        assert_eq!(Notice::of(line), None, "{line}");
    }
}

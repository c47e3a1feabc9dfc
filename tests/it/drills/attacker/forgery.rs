//! Attempts to speak under another name, or in the server's.

use serde_json::Value;
use tungstenite::Message;

use super::*;

/// Each would have alice, or the server, say something about money.
const TRICKS: [&[u8]; 44] = [
    b"/nick alice\nmoney",
    b"/nick ALICE\nmoney",
    b"/nick A1ICE\nmoney",
    b"/nick a1ice\nmoney",
    b"/nick alIce\nmoney",
    b"/nick alice \nmoney",
    b"/nick  alice\nmoney",
    b"/nick dora\nmoney",
    b"/nick D0RA\nmoney",
    b"/join den\n/nick Dora\n/leave\nmoney",
    b"/login dora dora\nmoney",
    b"/nick alice\x00\nmoney",
    b"/nick \x1balice\nmoney",
    "/nick alice\u{200b}\nmoney".as_bytes(),
    "/nick \u{feff}alice\nmoney".as_bytes(),
    "/nick \u{430}lice\nmoney".as_bytes(),
    "/nick \u{ff41}lice\nmoney".as_bytes(),
    "/nick \u{202e}ecila\nmoney".as_bytes(),
    b"/nick server\nmoney",
    b"/nick chatd\nmoney",
    b"/nick r00t\nmoney",
    b"/nick guest1\nmoney",
    b"/nick eve> hi\nmoney",
    b"/nick <alice>\nmoney",
    b"/login alice\nmoney",
    b"/login alice wrong\nmoney",
    b"/login ALICE \"' OR 1=1 --\nmoney",
    b"/register open sesame\nmoney",
    b"<alice> money",
    b"hi\r<alice> money",
    b"hi\r\n<alice> money",
    b"hi\x00\n<alice> money",
    b"hi\x0b<alice> money\x0c<alice> money",
    b"hi\x1b[2K\x1b[G<alice> money",
    b"hi\x08\x08\x08\x08\x08\x08\x08\x08<alice> money",
    b"hi\x1bE<alice> money\x84<alice> money\x85<alice> money",
    "hi\u{85}<alice> money\u{2028}<alice> money\u{2029}<alice> money".as_bytes(),
    "\u{202e}yenom >ecila<".as_bytes(),
    b"/me \r* alice money\n/me \x1b[1G* alice money",
    b"/topic \r<alice> money\n/topic \x1b[1G-- alice set the topic: money",
    b"/msg bob \r[from alice] money\n/msg alice \x1b[1G[from carol] money",
    b"/away \r<alice> money\nback",
    b"/join \r<alice>\n/join alice\n/leave\nmoney",
    b"\xff\xf6\xff\xfb\x01\xff\xfa\x18\x00<alice> money\xff\xf0<alice> money",
];

/// Objects that only a program sends.
const OBJECTS: [&str; 8] = [
    r#"{"t":"say","text":"money","nick":"alice"}"#,
    r#"{"t":"say","text":"money","from":"alice","room":"lobby"}"#,
    r#"{"t":"said","room":"lobby","nick":"alice","text":"money","ts":1}"#,
    r#"{"t":"private","from":"alice","to":"bob","text":"money"}"#,
    r#"{"t":"say","text":"hi\n<alice> money"}"#,
    r#"{"t":"say","text":"hi\u0085<alice> money\u2028<alice> money"}"#,
    r#"{"t":"say","text":"hi","text":"<alice> money","nick":"alice"}"#,
    r#"{"t":"notice","text":"alice wants money"}"#,
];

/// Whoever a line is by, or about.
fn author(line: &str) -> String {
    if let Ok(object) = serde_json::from_str::<Value>(line) {
        let name = ["nick", "from"].map(|key| object[key].as_str().unwrap_or_default());
        return name.concat();
    }
    let starts = ["<", "* ", "[from ", "-- "];
    let rest = starts.iter().find_map(|start| line.strip_prefix(start));
    let rest = rest.unwrap_or_else(|| panic!("nobody answers for {line:?}"));
    rest.split([' ', '>', ']']).next().unwrap().to_owned()
}

#[track_caller]
fn assert_nobody_elses(heard: &[String]) {
    for line in heard {
        let author = author(line).to_lowercase().replace(['1', 'l'], "i").replace('0', "o");
        let others = ["aiice", "dora", "bob", "caroi", "server", "chatd", "root"];
        assert!(!others.contains(&&*author), "{line:?}");
    }
}

#[test]
fn nobody_speaks_in_anothers_name_on_any_wire() {
    let mut drill = Drill::begin("attacker: another's name");
    for mut stage in Stage::both("hello") {
        for &wire in stage.wires() {
            let mut heard_of = 0;
            for trick in TRICKS {
                let (mut eve, _) = stage.eve(wire);
                eve.ask(trick);
                drop(eve);
                let heard = stage.hear();
                heard_of += heard.iter().filter(|line| line.contains("money")).count();
                assert_nobody_elses(&heard);
                drill.note("tricks", 1);
            }
            assert!(heard_of > 3 * 20, "{}: {heard_of}", wire.0);
        }
        for object in OBJECTS {
            let (eve, _) = stage.eve(*stage.wires().last().unwrap());
            let Voice::Page(mut eve) = eve else { panic!("programs speak JSON") };
            eve.send_message(Message::text(object));
            eve.sync();
            drop(eve);
            assert_nobody_elses(&stage.hear());
            drill.note("tricks", 1);
        }
        // Nor is anything stored that she did not say.
        let mut export = chatd();
        let export = run(export.args(["export", "--state-dir", &stage.state]));
        let lines: Vec<_> = export.stdout.lines().map(str::to_owned).collect();
        assert_nobody_elses(&lines);
    }
    drill.end();
}

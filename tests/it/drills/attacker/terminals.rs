//! Attempts to control another client's terminal.

use super::*;

/// What a terminal acts on: each control character, and what hides or turns text around.
fn weapons() -> Vec<Vec<u8>> {
    let bytes = (0..=31).chain(127..=255).filter(|byte| !b"\n\r\x04".contains(byte));
    let mut weapons: Vec<Vec<u8>> = bytes.map(|byte| vec![byte]).collect();
    let turning = ('\u{80}'..='\u{9f}').chain('\u{202a}'..='\u{202e}');
    let hidden =
        ['\u{200b}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{feff}', '\u{2028}', '\u{2029}'];
    let others = ('\u{2066}'..='\u{2069}').chain(hidden).chain('\u{e0041}'..='\u{e0043}');
    weapons.extend(turning.chain(others).map(|c| c.to_string().into_bytes()));
    let sequences: [&[u8]; 8] = [
        b"\x1b[2J\x1b[H",
        b"\x1b]0;title\x07",
        b"\x1b]52;c;bW9uZXk=\x07",
        b"\x1b]8;;http://example.org\x1b\\",
        b"\x1bP+q544e\x1b\\",
        b"\x1b[6n",
        b"\xc2\x9b31m",
        b"\xc0\x9b31m\xe0\x80\x9b\xed\xa0\x9b",
    ];
    weapons.extend(sequences.map(<[u8]>::to_vec));
    weapons
}

/// Every way in which somebody's words come to others, with `?` where the weapon goes.
const CARRIERS: [&str; 20] = [
    "a?b",
    "/me a?b",
    "/msg bob a?b",
    "/msg b?ob a",
    "/topic a?b",
    "/away a?b\n/who\n/whois bob",
    "/nick a?b",
    "/join a?b",
    "/who a?b",
    "/whois a?b",
    "/ignore a?b",
    "/history a?b",
    "/search a?b",
    "/help a?b",
    "/a?b",
    "/login a?b c?d",
    "/register ?",
    "/kick alice a?b",
    "/ban a?b 1h a?b",
    "a?b\n/quit a?b",
];

/// What an operator says, which goes to others as well.
const OPERATORS: [&str; 3] = ["/kick NAME a?b", "/ban NAME 1h a?b", "/ban a?b"];

#[track_caller]
fn assert_harmless(text: &str, how: &str) {
    let harm = |c: char| c != '\n' && hurts(c);
    assert!(!text.contains(harm), "{how}: {text:?}");
}

fn load(carrier: &str, weapon: &[u8]) -> Vec<u8> {
    carrier.as_bytes().split(|byte| *byte == b'?').collect::<Vec<_>>().join(weapon)
}

#[test]
fn nothing_that_a_terminal_acts_on_reaches_anybody_from_any_wire() {
    let mut drill = Drill::begin("attacker: terminals");
    for mut stage in Stage::both("be\x1b[2J kind\u{202e}\n\u{9b}31m") {
        for &wire in stage.wires() {
            for carrier in CARRIERS {
                let (mut eve, mut told) = stage.eve(wire);
                // All weapons in one line are a few lines; where it ends her, one has to do.
                let weapons = weapons();
                let salvos = if carrier.contains("quit") { 1 } else { 24 };
                for salvo in weapons.chunks(weapons.len().div_ceil(salvos)) {
                    told.extend(eve.ask(&load(carrier, &salvo.concat())));
                    drill.note("weapons", salvo.len() as u64);
                }
                told.extend(eve.ask(b"/leave\n/history 50\n/search a b"));
                drop(eve);
                told.extend(stage.hear());
                told.iter().for_each(|line| assert_harmless(line, carrier));
            }
        }
        for (n, carrier) in OPERATORS.into_iter().enumerate() {
            let mut victim = Client::connect_from(&stage.server, "127.0.0.80").welcomed();
            victim.ask(&format!("/nick victim{n}\nhello"));
            let carrier = carrier.replace("NAME", &format!("victim{n}"));
            stage.carol.send_raw(&[&load(&carrier, &weapons().concat()[..]), &b"\n"[..]].concat());
            let told = stage.hear();
            told.iter().for_each(|line| assert_harmless(line, &carrier));
        }
        let mut export = chatd();
        let export = run(export.args(["export", "--state-dir", &stage.state]));
        assert_harmless(&export.stdout, "export");
        assert_harmless(&stage.server.log(), "log");
    }
    drill.end();
}

//! Whatever somebody types reaches other terminals only as text.

use crate::harness::{Client, Server, people};

/// What becomes of each line, typed between `a` and `b` so that nothing is at an end by chance.
#[track_caller]
fn assert_shown<'a>(lines: impl IntoIterator<Item = (&'a [u8], &'a str)>) {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for (typed, shown) in lines {
        bob.send_raw(&[b"a", typed, b"b\n"].concat());
        assert_eq!(alice.line(), format!("<bob> a{shown}b"), "{}", typed.escape_ascii());
    }
}

/// Each of these characters is dropped.
#[track_caller]
fn assert_dropped(characters: impl IntoIterator<Item = char>) {
    let typed: Vec<String> = characters.into_iter().map(String::from).collect();
    assert_shown(typed.iter().map(|typed| (typed.as_bytes(), "")));
}

/// These lines are shown as they are.
#[track_caller]
fn assert_kept<'a>(lines: impl IntoIterator<Item = &'a str>) {
    assert_shown(lines.into_iter().map(|line| (line.as_bytes(), line)));
}

#[test]
fn c0_controls_are_dropped_but_a_tab_is_a_space() {
    assert_dropped(('\0'..=' ').filter(|c| !" \t\n\r\u{8}".contains(*c)));
    assert_shown([(&b"\t"[..], " "), (b"\t\t", "  ")]);
}

#[test]
fn escape_sequences_lose_their_escape() {
    let sequences: [(&[u8], &str); 4] = [
        (b"\x1b[31mred\x1b[0m", "[31mred[0m"),
        (b"\x1b]0;title\x07", "]0;title"),
        (b"\x1b[2J\x1b[H", "[2J[H"),
        (b"\x1b[200~paste\x1b[201~", "[200~paste[201~"),
    ];
    assert_shown(sequences);
}

#[test]
fn c1_controls_are_dropped() {
    assert_dropped('\u{80}'..='\u{9f}');
}

#[test]
fn line_and_paragraph_separators_are_dropped() {
    assert_dropped(['\u{2028}', '\u{2029}']);
}

#[test]
fn bidi_controls_are_dropped() {
    assert_dropped(('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}'));
    assert_dropped(['\u{200e}', '\u{200f}', '\u{061c}']);
}

#[test]
fn invisible_characters_are_dropped() {
    assert_dropped(
        "\u{feff}\u{200b}\u{ad}\u{180e}\u{2060}\u{3164}\u{ffa0}\u{115f}\u{fe00}".chars(),
    );
    assert_dropped(['\u{e0001}'].into_iter().chain('\u{e0020}'..='\u{e007f}'));
}

#[test]
fn what_is_near_the_dropped_ones_is_kept() {
    assert_kept([
        "\u{a0}",
        "\u{2010}",
        "\u{202f}",
        "\u{2027}",
        "\u{fffd}",
        "\u{e9}",
        "\u{65e5}\u{672c}",
        "\u{1f44d}",
    ]);
}

#[test]
fn the_fifth_and_later_marks_in_a_row_are_dropped() {
    assert_kept(["\u{301}\u{302}\u{303}\u{304}", "\u{301}\u{302}e\u{303}\u{304}\u{305}\u{306}"]);
    let zalgo = "\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}";
    assert_shown([(zalgo.as_bytes(), "\u{301}\u{302}\u{303}\u{304}")]);
    for dropped in ["\u{2060}", "\u{ad}", "\u{180e}", "\u{3164}", "\u{7}", "\u{e0041}"] {
        let interrupted = format!("\u{301}\u{302}{dropped}\u{303}\u{304}{dropped}\u{305}");
        assert_shown([(interrupted.as_bytes(), "\u{301}\u{302}\u{303}\u{304}")]);
    }
}

#[test]
fn a_flag_of_tags_arrives_whole() {
    assert_kept(["\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"]);
    let unfinished = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}";
    assert_shown([(unfinished.as_bytes(), "\u{1f3f4}")]);
}

#[test]
fn the_emoji_selector_is_kept_and_not_counted() {
    assert_kept(["\u{2764}\u{fe0f}", "\u{301}\u{fe0f}\u{302}\u{303}\u{304}"]);
    let zalgo = "\u{301}\u{302}\u{303}\u{304}\u{fe0f}\u{305}";
    assert_shown([(zalgo.as_bytes(), "\u{301}\u{302}\u{303}\u{304}\u{fe0f}")]);
}

#[test]
fn joiners_are_kept_where_a_script_or_an_emoji_needs_them() {
    assert_kept([
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
        "\u{915}\u{94d}\u{200d}\u{937}",
        "\u{645}\u{6cc}\u{200c}\u{62e}",
    ]);
}

#[test]
fn joiners_are_dropped_everywhere_else() {
    assert_dropped(['\u{200c}', '\u{200d}']);
    assert_shown([
        ("1\u{200d}2 \u{200c}3\u{200d}".as_bytes(), "12 3"),
        ("\u{2013}\u{200d}".as_bytes(), "\u{2013}"),
        ("\u{915}\u{200d}\u{200d}\u{200c}".as_bytes(), "\u{915}\u{200d}"),
    ]);
}

#[test]
fn what_is_not_utf_8_becomes_a_replacement_character() {
    assert_shown([
        (&b"\x80"[..], "\u{fffd}"),
        (b"\x9b31m", "\u{fffd}31m"),
        (b"\xe9t\xe9", "\u{fffd}t\u{fffd}"),
        (b"\xfe", "\u{fffd}"),
    ]);
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"cut \xf0\x9f\x98\n");
    alice.expect("<bob> cut \u{fffd}");
}

#[test]
fn a_line_of_nothing_to_see_is_no_line() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("\x1b\n\u{202e}\u{200b}\n\x07 \x07\n\u{feff}\nhi");
    alice.expect("<bob> hi");
    for blank in "\u{2800}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{a0}\u{3000}\u{fe0f}\u{fff9}".chars() {
        let blanks = blank.to_string().repeat(15);
        let mut told =
            bob.ask(&format!("{blanks}\n/me {blanks}\n/msg alice {blanks}\n/topic {blanks}"));
        told.extend(bob.ask(&format!("/away {blanks}\n/away {blanks}\nseen")));
        let usages = ["!! usage: /me TEXT", "!! usage: /msg NAME TEXT", "-- no topic is set"];
        assert_eq!(
            told,
            [&usages[..], &["-- you are away", "-- you are back"]].concat(),
            "{blank:?}"
        );
        alice.expect("<bob> seen");
    }
    bob.send("/quit \u{3164}\u{2800}");
    alice.expect("-- bob left: quit (1 here)");
}

#[test]
fn every_way_to_be_read_by_others_is_filtered() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let bad = "x\x1b[2J\u{9b}\u{202e}y";
    bob.send(&format!("{bad}\n/me {bad}\n/msg alice {bad}\n/topic {bad}\n/away {bad}"));
    bob.sync();
    alice.expect("<bob> x[2Jy");
    alice.expect("* bob x[2Jy");
    alice.expect("[from bob] x[2Jy");
    alice.expect("-- bob set the topic: x[2Jy");
    assert_eq!(alice.ask("/topic"), ["-- the topic is x[2Jy"]);
    assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob (away: x[2Jy)"]);
    let remembered = alice.ask("/history");
    assert!(remembered[0].ends_with("<bob> x[2Jy") && remembered[1].ends_with("* bob x[2Jy"));
    bob.send(&format!("/quit {bad}"));
    alice.expect("-- bob left: quit: x[2Jy (1 here)");
}

#[test]
fn a_refusal_quotes_nothing_that_hurts() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/fo\x1bo\u{202e}"), ["!! unknown command /foo; try /help"]);
    assert_eq!(alice.ask("/msg b\x1bob\u{9b} hi"), ["!! no one here is called bob"]);
}

#[test]
fn the_log_holds_nothing_that_hurts() {
    let server = Server::with(["-v"]);
    let [mut bob] = people(&server, ["bob"]);
    bob.send("x\x1b[2J\u{9b}\u{202e}y\n/quit z\x1b[2J\u{9b}\u{202e}");
    bob.rest();
    server.wait_log(["x[2Jy"]);
    server.wait_log(["bob quit lobby: z[2J"]);
    let log = server.log();
    assert!(!log.contains(['\x1b', '\u{9b}', '\u{202e}']), "{log:?}");
}

#[test]
fn the_name_of_the_server_is_filtered() {
    let server = Server::with(["--name", "box\x1b[2J\u{202e}7"]);
    let welcome = Client::connect(&server).line();
    assert!(welcome.starts_with("-- Welcome to chatd on box[2J7. You are "), "{welcome:?}");
}

#[test]
fn addresses_are_shown_to_nobody() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut shown = bob.ask("/whois alice\n/who\n/whois bob");
    bob.reset();
    shown.push(alice.line());
    assert!(shown.len() == 4 && !shown.concat().contains("127.0.0"), "{shown:?}");
}

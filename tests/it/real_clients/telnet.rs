//! Debian's telnet: it sends nothing on connecting to a port other than 23, but some keys are
//! commands.

use super::*;

pub(super) const TELNET: &str = "inetutils-telnet HOST PORT";

/// What it says itself on connecting.
pub(super) const BANNER: &str =
    "Trying 127.0.0.1...\r\nConnected to 127.0.0.1.\r\nEscape character is '^]'.\r\n";

/// What it says itself when the server has hung up.
const CLOSED: &str = "Connection closed by foreign host.\r\n";

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn shows_what_was_said_and_nothing_else() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    says(&mut alice, "/quit");
    bob.expect("-- alice left: quit (1 here)");
    alice.ends_showing(&format!("{BYE}\r\n{CLOSED}"));
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn eight_bit_mode_changes_nothing() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, "inetutils-telnet -8 HOST PORT");
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
}

/// After these keys telnet drops all it receives, until its TIMING-MARK is answered.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn keys_that_interrupt_do_not_deafen_it() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    let ctrl_backslash = "\x1c";
    let ctrl_z = "\x1a";
    for key in [CTRL_C, CTRL_C, ctrl_backslash, ctrl_z] {
        interrupts(&mut alice, key);
        hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    }
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn ctrl_c_clears_the_half_typed_line() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    types_without_enter(&mut alice, "rm -rf");
    sends(&mut alice, "ip");
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    types_without_enter(&mut alice, "rm -rf");
    interrupts(&mut alice, CTRL_C);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn send_el_and_send_ec_edit_the_half_typed_line() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    types_without_enter(&mut alice, "rm -rf");
    sends(&mut alice, "el");
    types_without_enter(&mut alice, "hié");
    sends(&mut alice, "ec");
    says(&mut alice, "!");
    assert_eq!(said_to(&mut bob), "<alice> hi!");
}

/// SYNCH is urgent data, of which TCP keeps one byte apart.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn other_commands_leave_no_trace() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    for command in ["nop", "ao", "ga", "brk", "susp", "synch", "do echo", "dont echo"] {
        sends(&mut alice, command);
        hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    }
}

/// telnet asks the server to echo, is refused, and stays as it was.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn asking_for_another_mode_neither_hides_nor_doubles_what_is_typed() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    for mode in ["character", "line", "character"] {
        commands(&mut alice, &format!("mode {mode}"));
        bob.send("your screen works again");
        alice.shows("<bob> your screen works again\r\n");
        sends(&mut alice, "nop");
        hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    }
    interrupts(&mut alice, CTRL_C);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
}

/// Ctrl-V makes Enter an ordinary key, which telnet sends as CR NUL.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn carriage_return_nul_ends_a_line() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    alice.types("one\x16\rtwo\n");
    assert_eq!(said_to(&mut bob), "<alice> one");
    bob.expect("<alice> two");
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn ctrl_d_on_an_empty_line_quits() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    alice.types(CTRL_D);
    bob.expect("-- alice left: quit (1 here)");
    alice.ends_showing(&format!("{BYE}\r\n{CLOSED}"));
}

/// Ctrl-V makes Ctrl-D an ordinary key.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn ctrl_d_inside_a_line_is_dropped() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);

    alice.types("no\x16\x04on\n");
    assert_eq!(said_to(&mut bob), "<alice> noon");
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn leaves_by_its_own_quit() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on(&server, TELNET);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    commands(&mut alice, "quit");
    bob.expect("-- alice left: disconnected (1 here)");
    alice.ends_showing("Connection closed.\r\n");
}

/// Its input has to stay open, as in `(echo build done; sleep 1) | telnet HOST PORT`.
#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn a_script_can_speak_through_it() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let (stdin, mut script) = pipe().unwrap();
    script.write_all(b"build done\n/quit\n").unwrap();

    let ended = run(client(&server, TELNET).stdin(stdin));
    let seen = welcome(SECOND, "\n") + BYE + "\n";
    assert!(ended.stdout.ends_with(&seen), "{:?}", ended.stdout);
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> build done");
    bob.expect("-- guest2 left: quit (1 here)");
}

#[track_caller]
fn alice_on(server: &Server, command: &str) -> Terminal {
    let mut alice = at_terminal(server, command);
    alice.shows(BANNER);
    alice.shows(&welcome(SECOND, "\r\n"));
    becomes_alice(&mut alice, "\r\n");
    alice
}

/// Gives a command to telnet itself, behind its escape character, which only line mode shows.
#[track_caller]
fn commands(telnet: &mut Terminal, command: &str) {
    let escape_character = "\x1d";
    telnet.types(escape_character);
    let shown = telnet.skips_to("inetutils-telnet> ");
    assert!(["^]\r\n", "\r\n"].contains(&shown.as_str()), "{shown:?}");
    says(telnet, command);
}

/// Sends a telnet command, and Are You There: its answer comes behind the answer to the command.
#[track_caller]
fn sends(telnet: &mut Terminal, command: &str) {
    commands(telnet, &format!("send {command} ayt"));
    telnet.shows("-- pong\r\n");
}

/// Presses the key, which the terminal shows as ^ and a letter.
#[track_caller]
fn interrupts(telnet: &mut Terminal, key: &str) {
    telnet.types(key);
    let letter = char::from(key.as_bytes()[0] + b'@');
    telnet.shows(&format!("^{letter}"));
}

/// Ctrl-D makes the terminal hand over what was typed so far.
#[track_caller]
fn types_without_enter(telnet: &mut Terminal, text: &str) {
    telnet.types(&format!("{text}{CTRL_D}"));
    telnet.shows(text);
    sends(telnet, "nop");
}

//! What people expect of a program that they use all day: an address in any form, a history, a
//! login, and a terminal that they get back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use super::*;
use crate::pty::{CTRL_D, Terminal};

const UP: &str = "\x1b[A";
const CTRL_R: &str = "\x12";
const CTRL_Z: &str = "\x1a";

#[test]
fn the_port_may_be_an_argument_of_its_own_or_in_an_address_of_telnet() {
    let server = Server::start();
    let port = server.port();
    for (target, more) in [
        ("127.0.0.1".to_owned(), vec![port.to_string()]),
        (format!("telnet://127.0.0.1:{port}"), vec![]),
        (format!("telnet://127.0.0.1:{port}/"), vec![]),
    ] {
        let ended = piped(chat(&target, []).args(&more), "hello\n");
        assert_eq!(ended.status, 0, "{target} {more:?}: {}", ended.stderr);
    }
    for (target, why) in [("box7:99", "the port is given twice"), ("unix:/x", "PORT cannot be")] {
        let ended = run(chat(target, []).arg("98"));
        assert_eq!(ended.status, 2);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
}

#[test]
fn a_host_with_two_addresses_is_reached_at_the_one_that_answers() {
    let server = Server::start();
    let target = format!("localhost:{}", server.port());
    let ended = piped(&mut chat(target, []), "hello\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

/// Alice at a terminal, with this folder for what is kept.
#[track_caller]
fn alice_in(server: &Server, dir: &TempDir) -> Terminal {
    let mut command = chat(server.addr(), ["--nick", "alice"]);
    command.env("XDG_STATE_HOME", dir.path(""));
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice
}

#[test]
fn what_was_typed_is_kept_for_the_next_session_but_no_password() {
    let (dir, server) = (TempDir::new(), Server::start());
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice_in(&server, &dir);
    alice
        .types("first words\r/register open sesame\r\u{ff0f}login alice open sesame\rlast words\r");
    bob.wait_for(|line| line == "<alice> last words");
    alice.displays(|rows| rows.contains(&"!! did you mean /login? not sent"));
    alice.types(CTRL_D);
    assert_eq!(alice.ends(), 0);

    let file = dir.path("chatd/chat_history");
    let kept = fs::read_to_string(&file).unwrap();
    assert!(!kept.contains("sesame") && kept.starts_with("first words\n"), "{kept}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut alice = alice_in(&server, &dir);
    alice.types(UP);
    ends_in(&mut alice, &["> last words"]);
    alice.types("\x15");
    alice.types(&format!("{CTRL_R}first"));
    ends_in(&mut alice, &["> first words"]);
    alice.types("\r");
    bob.wait_for(|line| line == "<alice> first words");
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut command = chat(server.addr(), ["--nick", "alice"]);
    // In the group of the tests it could not be stopped if the shell that began them has ended
    // (setpgid(2)): that group is an orphan then.
    command.process_group(0);
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice.types(&format!("half{CTRL_Z}"));
    alice.skips_to("\x1b[?2004l");
    let stat = format!("/proc/{}/stat", alice.pid());
    crate::harness::eventually("the program to stop", || {
        fs::read_to_string(&stat).unwrap().contains(") T ").then_some(())
    });
    alice.resize(40);
    alice.signal(Signal::CONT);
    alice.skips_to("\x1b[?2004h");
    alice.displays_status(|bar| bar.contains(" lag ") && bar.len() < 40);
    alice.types(" a line\r");
    bob.wait_for(|line| line == "<alice> half a line");
}

#[test]
fn an_account_is_logged_in_to_from_the_command_line() {
    let dir = TempDir::new();
    let (server, mut bob) = with_account(&dir);
    let (right, wrong) = (dir.file("right", "open sesame\n"), dir.file("wrong", "open the door\n"));

    let mut command = chat(server.addr(), ["--login", "alice", "--password-file", &right]);
    let ended = piped(&mut command, "from a script\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    bob.wait_for(|line| line == "<alice> from a script");
    let mut command = chat(server.addr(), ["--login", "alice"]);
    let ended = piped(command.env("CHAT_PASSWORD", "open sesame"), "with a variable\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    bob.wait_for(|line| line == "<alice> with a variable");
    let mut command = chat(server.addr(), ["--login", "alice", "--password-file", &wrong]);
    let ended = piped(&mut command, "never\n");
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.starts_with("!! wrong password\n"), "{}", ended.stderr);
    let ended = piped(&mut chat(server.addr(), ["--login", "alice"]), "");
    assert!(ended.stderr.contains("no password for --login"), "{}", ended.stderr);

    let mut at_terminal = Terminal::run(chat(server.addr(), ["--login", "alice"]));
    at_terminal.skips_to("Password of alice: ");
    at_terminal.types("open sesame\r");
    at_terminal.displays(|rows| rows.contains(&"-- you are logged in as alice"));
    assert!(!String::from_utf8_lossy(at_terminal.written()).contains("sesame"));
}

#[test]
fn a_password_that_is_not_typed_to_its_end_is_none() {
    let server = Server::start();
    for (keys, why) in [
        (CTRL_D, "no password was typed"),
        ("\x03", "no password was typed"),
        ("\r", "not a password: it is empty, or has control characters"),
    ] {
        let mut alice = Terminal::run(chat(server.addr(), ["--login", "alice"]));
        alice.skips_to("Password of alice: ");
        alice.types(keys);
        alice.skips_to(why);
        assert_eq!(alice.ends(), 1);
    }
}

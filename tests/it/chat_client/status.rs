//! The status line at a terminal.

use super::*;

#[test]
fn it_says_where_the_user_is_and_how_the_connection_is() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.displays_status(|bar| bar.starts_with("alice in lobby  ") && bar.contains(" lag "));
    bob.send("/topic tea at five");
    alice.displays_status(|bar| bar.starts_with("alice in lobby | tea at five  "));
    alice.types("/join dev\r");
    alice.displays_status(|bar| bar.starts_with("alice in dev  "));
    // It is below the line that is being typed, which has the cursor.
    alice.types("half");
    alice.displays_with_cursor(|rows, (_, column)| rows.ends_with(&["> half"]) && column == 6);
    alice.displays_status(|bar| bar.starts_with("alice in dev  "));
}

#[test]
fn it_says_what_waits_while_there_is_no_connection() {
    let server = Server::start();
    let mut alice = alice(&server);
    drop(server);
    alice.displays_status(|bar| bar.contains("no connection, again in "));
    alice.types("later\r");
    alice.displays_status(|bar| bar.contains("1 line waits, "));
}

#[test]
fn it_is_left_out_on_demand_and_gone_when_the_program_is() {
    let server = Server::start();
    for (flag, is_shown) in [("on", true), ("off", false)] {
        let mut alice = Terminal::run(chat(server.addr(), ["--nick", "alice", "--status", flag]));
        ends_in(&mut alice, &["-- you are now alice", ">"]);
        alice.types("/quit\r");
        assert_eq!(alice.ends(), 0);
        // The screen as it is left has none.
        ends_in(&mut alice, &["-- Bye."]);
        let written = String::from_utf8_lossy(alice.written());
        assert_eq!(written.contains("\x1b[7m"), is_shown, "{written:?}");
    }
}

#[test]
fn it_is_as_wide_as_the_terminal() {
    let server = Server::start();
    let mut alice = alice(&server);
    alice.displays_status(|bar| bar.contains(" lag ") && bar.len() > 70);
    alice.resize(40);
    alice.signal(Signal::WINCH);
    alice.displays_status(|bar| bar.contains(" lag ") && bar.len() < 40);
}

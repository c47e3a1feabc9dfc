//! PuTTY's telnet: unlike the others it negotiates on connecting, and it has its own end of file.

use super::*;

pub(super) const PLINK: &str = "plink -telnet -P PORT HOST";

#[test]
#[ignore = "needs plink (putty-tools)"]
fn negotiates_and_shows_what_was_said_and_nothing_else() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_plink(&server);

    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    says(&mut alice, "/quit");
    bob.expect("-- alice left: quit (1 here)");
    alice.ends_showing(&format!("{BYE}\r\n"));
}

#[test]
#[ignore = "needs plink (putty-tools)"]
fn leaves_with_ctrl_c() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_plink(&server);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    alice.types(CTRL_C);
    bob.expect("-- alice left: disconnected (1 here)");
}

/// At the end of its input plink sends IAC EOF, and waits for the server to hang up.
#[test]
#[ignore = "needs plink (putty-tools)"]
fn ctrl_d_on_an_empty_line_quits() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_plink(&server);
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    alice.types(CTRL_D);
    bob.expect("-- alice left: quit (1 here)");
    alice.ends_showing(&format!("{BYE}\r\n"));
}

#[test]
#[ignore = "needs plink (putty-tools)"]
fn delivers_what_is_piped_into_it_and_ends() {
    let server = server();
    let mut bob = Client::join(&server, "bob");

    let ended = piped(&server, "build done\nça va".as_bytes(), PLINK);
    assert_eq!(ended.stdout, welcome(SECOND, "\r\n") + BYE + "\n");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> build done");
    bob.expect("<guest2> ça va");
    bob.expect("-- guest2 left: quit (1 here)");
}

#[test]
#[ignore = "needs plink (putty-tools)"]
fn gets_the_answer_to_a_piped_question() {
    let server = server();
    let _bob = Client::join(&server, "bob");

    let ended = piped(&server, b"/who\n", PLINK);
    let answers = format!("-- lobby (2 here): bob, guest2\n{BYE}\n");
    assert_eq!(ended.stdout, welcome(SECOND, "\r\n") + &answers);
}

#[track_caller]
fn alice_on_plink(server: &Server) -> Terminal {
    let mut alice = at_terminal(server, PLINK);
    alice.shows(&welcome(SECOND, "\r\r\n"));
    becomes_alice(&mut alice, "\r\n");
    alice
}

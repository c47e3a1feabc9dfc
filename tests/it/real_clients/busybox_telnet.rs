//! The telnet of busybox: it has no Ctrl-C of its own, but asks for modes.

use super::*;

const TELNET: &str = "busybox telnet HOST PORT";

#[test]
#[ignore = "needs busybox (busybox)"]
fn shows_what_was_said_and_nothing_else() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_busybox(&server);

    hears_and_is_heard(&mut alice, &mut bob, "\r\r\n");
    says(&mut alice, "/quit");
    bob.expect("-- alice left: quit (1 here)");
    alice.ends_showing(&format!("{BYE}\r\r\nConnection closed by foreign host\r\r\n"));
}

/// It asks the server to echo, is refused, and stays as it was.
#[test]
#[ignore = "needs busybox (busybox)"]
fn asking_for_character_mode_neither_hides_nor_doubles_what_is_typed() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_busybox(&server);

    for _ in 0..2 {
        opens_the_menu(&mut alice);
        alice.types("c");
        alice.skips_to("Entering line mode\r\nEscape character is '^C'.\r\n\r\r\n");
        hears_and_is_heard(&mut alice, &mut bob, "\r\r\n");
    }
}

#[test]
#[ignore = "needs busybox (busybox)"]
fn leaves_by_its_menu() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_busybox(&server);
    hears_and_is_heard(&mut alice, &mut bob, "\r\r\n");

    opens_the_menu(&mut alice);
    alice.types("e");
    bob.expect("-- alice left: disconnected (1 here)");
}

#[test]
#[ignore = "needs busybox (busybox)"]
fn leaves_with_ctrl_d() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_on_busybox(&server);
    hears_and_is_heard(&mut alice, &mut bob, "\r\r\n");

    alice.types(CTRL_D);
    bob.expect("-- alice left: disconnected (1 here)");
    alice.ends_showing("");
}

/// It hangs up at once, often before it has read the welcome, so that the end is a reset.
#[test]
#[ignore = "needs busybox (busybox)"]
fn delivers_what_is_piped_into_it_and_ends() {
    let server = server();
    let mut bob = Client::join(&server, "bob");

    piped(&server, b"build done\nand more", TELNET);
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> build done");
    bob.expect("<guest2> and more");
    bob.expect("-- guest2 left: disconnected (1 here)");
}

#[track_caller]
fn alice_on_busybox(server: &Server) -> Terminal {
    let mut alice = at_terminal(server, TELNET);
    alice.shows("Connected to 127.0.0.1\r\n");
    alice.shows(&welcome(SECOND, "\r\r\n"));
    becomes_alice(&mut alice, "\r\r\n");
    alice
}

/// It notices Ctrl-C only while it waits.
#[track_caller]
fn opens_the_menu(busybox: &mut Terminal) {
    busybox.rests();
    busybox.types(CTRL_C);
    busybox.shows("^C");
    busybox.skips_to(" e\texit telnet\r\n");
}

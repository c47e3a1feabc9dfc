//! `/edit on` in real telnets at a terminal.

use std::net::TcpListener;

use super::*;
use crate::harness::eventually;
use crate::restart::switch;

/// WILL ECHO, WILL SGA, DO NAWS.
const OFFER: &[u8] = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f";
/// The agreement to that.
const AGREED: &[u8] = b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f";
/// The size of a terminal of 24 rows of 80 characters, and of 40.
const SIZE: &[u8] = b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0";
const NEW_SIZE: &[u8] = b"\xff\xfa\x1f\0\x28\0\x18\xff\xf0";

/// A client, and what is its own.
struct Telnet {
    command: &'static str,
    /// An argument with blanks, if any.
    argument: &'static str,
    /// What it sends for Enter while the server echoes.
    enter: &'static [u8],
    /// Whether it tells when its terminal gets another size.
    tells_size: bool,
    /// What it offers on connecting, and how chatd refuses that, one after the other.
    offers: &'static [[&'static [u8]; 2]],
}

const INETUTILS: Telnet = Telnet {
    command: super::telnet::TELNET,
    argument: "",
    enter: b"\r\0",
    tells_size: true,
    offers: &[],
};
const BUSYBOX: Telnet = Telnet {
    command: "busybox telnet HOST PORT",
    argument: "",
    enter: b"\r\n",
    tells_size: false,
    offers: &[],
};
const PLINK: Telnet = Telnet {
    command: super::plink::PLINK,
    argument: "",
    enter: b"\r\0",
    tells_size: true,
    offers: &[
        [
            b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03",
            b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03",
        ],
        [b"\xff\xfb\x24", b"\xff\xfe\x24"],
    ],
};
const TINTIN: Telnet = Telnet {
    command: "/usr/games/tt++ -e",
    argument: "#session chat HOST PORT",
    enter: b"\r\n",
    tells_size: true,
    offers: &[],
};

impl Telnet {
    /// Starts it at a terminal.
    #[track_caller]
    fn connects_to(&self, address: SocketAddr) -> Terminal {
        let mut command = client_of(address, &format!("setsid --ctty {}", self.command));
        let argument = in_place(address, self.argument);
        command.args(Some(argument).filter(|argument| !argument.is_empty())).env("TERM", "xterm");
        Terminal::run(command)
    }
}

/// Asks the client for what `/edit on` asks for, and sees what it sends from then on.
#[track_caller]
fn sends_what_is_expected(telnet: &Telnet) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut terminal = telnet.connects_to(listener.local_addr().unwrap());
    let stream = eventually("the client", || Some(listener.accept().ok()?.0));
    stream.set_nonblocking(false).unwrap();
    let mut stream = Client::over(stream);
    for [offers, refusals] in telnet.offers {
        stream.raw_until(offers);
        stream.send_raw(refusals);
    }
    stream.send_raw(OFFER);
    let sent = [AGREED, SIZE].concat();
    assert_eq!(stream.raw_until(SIZE), sent);
    stream.send_raw(b"go");
    terminal.skips_to("go");
    terminal.types("a\x1b[D\x03\r");
    let keys = [b"a\x1b[D\x03", telnet.enter].concat();
    assert_eq!(stream.raw_until(telnet.enter), keys);
    terminal.resize(40);
    if telnet.tells_size {
        stream.raw_until(NEW_SIZE);
    }
    terminal.types("b");
    assert_eq!(stream.raw_until(b"b"), b"b");
}

/// Somebody who has said `/edit on`.
#[track_caller]
fn alice_edits(server: &Server, telnet: &Telnet) -> Terminal {
    let mut alice = telnet.connects_to(server.addr());
    alice.skips_to(HINT);
    alice.types("/nick alice\r");
    alice.skips_to("-- you are now alice");
    alice.types("/edit on\r");
    alice.skips_to("\x1b[?2004h> ");
    alice
}

/// Chats with an edited line, over a restart in the middle of it, and then without.
#[track_caller]
fn edits(telnet: &Telnet) {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = alice_edits(&server, telnet);
    alice.types("half a lxe\x1b[D\x1b[D\x1b[D");
    alice.displays(|rows| rows.last() == Some(&"> half a lxe"));
    bob.send("hello");
    alice.displays(|rows| rows.ends_with(&["<bob> hello", "> half a lxe"]));
    switch(&server);
    alice.types("\x1b[C\x1b[3~in\r");
    assert_eq!(said_to(&mut bob), "<alice> half a line");
    alice.types("\x1b[A");
    alice.displays(|rows| rows.ends_with(&["> half a line", "> half a line"]));
    alice.types("\x03\x1b[200~one\rtwo\rrest\x1b[201~");
    assert_eq!(said_to(&mut bob), "<alice> one");
    assert_eq!(said_to(&mut bob), "<alice> two");
    alice.displays(|rows| rows.last() == Some(&"> rest"));
    if telnet.tells_size {
        alice.types(&format!("\x15{}", "x".repeat(45)));
        alice.skips_to(&"x".repeat(45));
        alice.resize(40);
        alice.skips_to(&format!("> {}", "x".repeat(38)));
        // The end of the row, which tt++ has words of its own for.
        assert!(!alice.skips_to("xxxxxxx").is_empty());
        alice.resize(80);
        alice.skips_to(&format!("> {}", "x".repeat(45)));
    }
    alice.types("\x15/edit off\r");
    alice.skips_to("-- editing is off");
    alice.types("a line\r");
    assert_eq!(said_to(&mut bob), "<alice> a line");
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn inetutils_sends_keys_as_expected() {
    sends_what_is_expected(&INETUTILS);
}

#[test]
#[ignore = "needs telnet (inetutils-telnet)"]
fn a_line_is_edited_in_inetutils() {
    edits(&INETUTILS);
}

#[test]
#[ignore = "needs busybox (busybox)"]
fn busybox_sends_keys_as_expected() {
    sends_what_is_expected(&BUSYBOX);
}

#[test]
#[ignore = "needs busybox (busybox)"]
fn a_line_is_edited_in_busybox() {
    edits(&BUSYBOX);
}

/// It has declined for good, and its menu is the way to change that.
#[test]
#[ignore = "needs busybox (busybox)"]
fn busybox_agrees_again_by_its_menu_only() {
    let server = server();
    let mut alice = alice_edits(&server, &BUSYBOX);
    alice.types("/edit off\r");
    alice.skips_to("-- editing is off");
    alice.types("/edit on\r");
    alice.skips_to("!! your client does not answer as telnet does; nothing is changed");
    alice.rests();
    alice.types(CTRL_C);
    alice.skips_to(" e\texit telnet\r\n");
    alice.types("c");
    alice.skips_to("\x1b[?2004h");
}

#[test]
#[ignore = "needs plink (putty-tools)"]
fn plink_sends_keys_as_expected() {
    sends_what_is_expected(&PLINK);
}

#[test]
#[ignore = "needs plink (putty-tools)"]
fn a_line_is_edited_in_plink() {
    edits(&PLINK);
}

#[test]
#[ignore = "needs tt++ (tintin++)"]
fn tintin_sends_keys_as_expected() {
    sends_what_is_expected(&TINTIN);
}

#[test]
#[ignore = "needs tt++ (tintin++)"]
fn a_line_is_edited_in_tintin() {
    edits(&TINTIN);
}

#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd)"]
fn a_netcat_does_not_answer_and_goes_on() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, "nc.openbsd HOST PORT");
    alice.types("/nick alice\n");
    alice.skips_to("-- you are now alice\r\n");
    alice.types("/edit on\nhello\n");
    assert_eq!(said_to(&mut bob), "<alice> hello");
    alice.skips_to("!! your client does not answer as telnet does; nothing is changed\r\n");
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
}

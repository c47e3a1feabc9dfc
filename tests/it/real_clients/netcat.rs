//! Programs that pass on bytes without any protocol: every nc, ncat, socat, plink -raw, curl.

use super::*;

/// One such program, and in what it differs from the others.
struct Netcat {
    /// The command that a person types.
    talk: &'static str,
    /// The command for a script: it makes the end of its input known.
    pipe: &'static str,
    /// What Enter sends, and chatd ends its lines with.
    eol: &'static str,
    /// Whether it waits for a key when the server has hung up.
    lingers: bool,
}

const NC_OPENBSD: Netcat = Netcat {
    talk: "nc.openbsd HOST PORT",
    pipe: "nc.openbsd -N HOST PORT",
    eol: "\n",
    lingers: true,
};

const NC_TRADITIONAL: Netcat = Netcat {
    talk: "nc.traditional HOST PORT",
    pipe: "nc.traditional -q 1 HOST PORT",
    eol: "\n",
    lingers: false,
};

/// The nc of RHEL.
const NCAT: Netcat =
    Netcat { talk: "ncat HOST PORT", pipe: "ncat HOST PORT", eol: "\n", lingers: true };

const NCAT_CRLF: Netcat =
    Netcat { talk: "ncat -C HOST PORT", pipe: "ncat -C HOST PORT", eol: "\r\n", lingers: true };

/// It would answer telnet bytes, so it must not be sent any.
const NCAT_TELNET: Netcat =
    Netcat { talk: "ncat -t HOST PORT", pipe: "ncat -t HOST PORT", eol: "\n", lingers: true };

const BUSYBOX_NC: Netcat = Netcat {
    talk: "busybox nc HOST PORT",
    pipe: "busybox nc HOST PORT",
    eol: "\n",
    lingers: false,
};

const SOCAT: Netcat = Netcat {
    talk: "socat STDIO TCP:HOST:PORT",
    pipe: "socat STDIO TCP:HOST:PORT",
    eol: "\n",
    lingers: false,
};

const PLINK_RAW: Netcat = Netcat {
    talk: "plink -raw -P PORT HOST",
    pipe: "plink -raw -P PORT HOST",
    eol: "\n",
    lingers: true,
};

/// The tests of the program, in a module of its name.
macro_rules! netcats {
    ($($name:ident: $netcat:ident, $needs:literal;)*) => {$(
        mod $name {
            #[test]
            #[ignore = $needs]
            fn shows_what_was_said_and_nothing_else() {
                super::shows_what_was_said_and_nothing_else(&super::$netcat);
            }

            #[test]
            #[ignore = $needs]
            fn leaves_with_ctrl_c() {
                super::leaves_with_ctrl_c(&super::$netcat);
            }

            #[test]
            #[ignore = $needs]
            fn says_its_last_words_with_ctrl_d() {
                super::says_its_last_words_with_ctrl_d(&super::$netcat);
            }

            #[test]
            #[ignore = $needs]
            fn delivers_what_is_piped_into_it_and_ends() {
                super::delivers_what_is_piped_into_it_and_ends(&super::$netcat);
            }

            #[test]
            #[ignore = $needs]
            fn gets_the_answer_to_a_piped_question() {
                super::gets_the_answer_to_a_piped_question(&super::$netcat);
            }
        }
    )*};
}

netcats! {
    nc_openbsd: NC_OPENBSD, "needs nc.openbsd (netcat-openbsd)";
    nc_traditional: NC_TRADITIONAL, "needs nc.traditional (netcat-traditional)";
    ncat: NCAT, "needs ncat (ncat)";
    ncat_crlf: NCAT_CRLF, "needs ncat (ncat)";
    ncat_telnet: NCAT_TELNET, "needs ncat (ncat)";
    busybox_nc: BUSYBOX_NC, "needs busybox (busybox)";
    socat: SOCAT, "needs socat (socat)";
    plink_raw: PLINK_RAW, "needs plink (putty-tools)";
}

fn shows_what_was_said_and_nothing_else(nc: &Netcat) {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, nc.talk);
    let eol = on_screen(nc.eol);
    alice.shows(&welcome(SECOND, "\r\r\n"));
    becomes_alice(&mut alice, &eol);
    hears_and_is_heard(&mut alice, &mut bob, &eol);

    says(&mut alice, "/quit");
    alice.shows(&format!("{BYE}{eol}"));
    bob.expect("-- alice left: quit (1 here)");
    if nc.lingers {
        alice.types(CTRL_C);
        alice.shows("^C");
    }
    alice.ends_showing("");
}

fn leaves_with_ctrl_c(nc: &Netcat) {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, nc.talk);
    alice.shows(&welcome(SECOND, "\r\r\n"));
    says(&mut alice, "hi");
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> hi");

    alice.types(CTRL_C);
    bob.expect("-- guest2 left: disconnected (1 here)");
}

/// The first Ctrl-D sends what was typed, the second is the end.
fn says_its_last_words_with_ctrl_d(nc: &Netcat) {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, nc.pipe);
    alice.shows(&welcome(SECOND, "\r\r\n"));

    alice.types("good night");
    alice.types(CTRL_D);
    alice.types(CTRL_D);
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> good night");
    bob.expect("-- guest2 left: disconnected (1 here)");
    alice.ends_showing("good night");
}

fn delivers_what_is_piped_into_it_and_ends(nc: &Netcat) {
    let server = server();
    let mut bob = Client::join(&server, "bob");

    let ended = piped(&server, "build done\nça va".as_bytes(), nc.pipe);
    assert_eq!(ended.stdout, welcome(SECOND, "\r\n"));
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> build done");
    bob.expect("<guest2> ça va");
    bob.expect("-- guest2 left: disconnected (1 here)");
}

fn gets_the_answer_to_a_piped_question(nc: &Netcat) {
    let server = server();
    let _bob = Client::join(&server, "bob");

    let ended = piped(&server, b"/who\n/ping\n", nc.pipe);
    let (welcome, eol) = (welcome(SECOND, "\r\n"), nc.eol);
    let answers = format!("-- lobby (2 here): bob, guest2{eol}-- pong{eol}");
    assert_eq!(ended.stdout, welcome + &answers);
}

#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd)"]
fn a_piped_question_is_seen_by_nobody() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    piped(&server, b"/who\n", "nc.openbsd -N HOST PORT");
    bob.expect_nothing();
}

/// Neither of these tells the server that its input has ended.
#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd) and curl (curl)"]
fn a_piped_quit_ends_those_that_would_wait_forever() {
    let server = server();
    for command in ["nc.openbsd HOST PORT", "curl -sN telnet://HOST:PORT"] {
        let ended = piped(&server, b"/quit\n", command);
        assert_eq!(ended.stdout.lines().last(), Some(BYE), "{command}");
    }
}

/// They hang up at once, so that the server's welcome may be answered with a reset.
#[test]
#[ignore = "needs ncat and socat (ncat, socat)"]
fn those_who_do_not_listen_are_heard() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    for command in ["ncat --send-only HOST PORT", "socat -u STDIN TCP:HOST:PORT"] {
        assert_eq!(piped(&server, b"build done\n", command).stdout, "");
        bob.wait_for(|line| line.ends_with("> build done"));
        bob.expect_contains("left: disconnected (1 here)");
    }
    bob.expect_nothing();
}

/// `socat -,raw` is what people use who want their keys sent as they press them.
#[test]
#[ignore = "needs socat (socat)"]
fn enter_at_a_raw_terminal_is_a_carriage_return() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, "socat -,raw,echo=0 TCP:HOST:PORT");
    alice.shows(&welcome(SECOND, "\r\n"));

    alice.types("one\rtwo\r/ping\r");
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> one");
    bob.expect("<guest2> two");
    alice.shows("-- pong\r\n");
}

/// It is what `ncat -t` answers to NOP and GA.
#[test]
#[ignore = "needs ncat (ncat)"]
fn telnet_bytes_that_mean_nothing_are_survived() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    piped(&server, b"\xff\0\0hi\n", "ncat -t HOST PORT");
    bob.expect("-- guest2 joined (2 here)");
    bob.expect("<guest2> hi");
}

/// A terminal shows `\n` as the start of a new line.
fn on_screen(eol: &str) -> String {
    eol.replace('\n', "\r\n")
}

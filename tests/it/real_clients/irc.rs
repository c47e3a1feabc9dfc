//! IRC clients that people use, and a bot made with a library, beside a netcat.

use std::process::{Command, Stdio};

use crate::harness::{Client, Server, TempDir, chatd};
use crate::pty::Terminal;
use crate::restart::switch;

/// How one client is told things that have other commands in another.
struct Dialect {
    reconnect: String,
    /// What is on the screen once it is connected again.
    connected: &'static str,
}

fn server() -> Server {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--irc-port", "0", "--name", "box7"]);
    Server::run(command)
}

/// Starts a client at a terminal of 80 columns and 24 rows.
#[track_caller]
fn at_screen(command: &str) -> Terminal {
    let mut setsid = Command::new("setsid");
    let script = format!("stty rows 24 cols 80; exec {command}");
    setsid.args(["--ctty", "sh", "-c", &script]);
    setsid.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("HOME", env!("CARGO_TARGET_TMPDIR"));
    Terminal::run(setsid)
}

/// Waits until a row of the screen has these words.
#[track_caller]
fn sees(screen: &mut Terminal, words: &str) -> String {
    screen.displays(|rows| rows.iter().any(|row| row.contains(words)))
}

/// Somebody at a screen, who is called alice, and bob with a netcat talk.
#[track_caller]
fn talk(server: &Server, mut alice: Terminal, dialect: &Dialect) {
    let mut bob = Client::join(server, "bob");
    bob.ask("/join dev\nsaid before");
    sees(&mut alice, "no message of the day");
    alice.types("/join #dev\r");
    bob.expect("-- alice joined (2 here)");
    sees(&mut alice, "said before");

    bob.send("hello alice");
    sees(&mut alice, "hello alice");
    alice.types("hi bob\r/me waves\r");
    bob.expect("<alice> hi bob");
    bob.expect("* alice waves");
    bob.send("/me nods");
    sees(&mut alice, "bob nods");
    bob.send("/nick rob");
    sees(&mut alice, "now known as rob");
    bob.expect("-- you are now rob");
    alice.types("/nick ann\r");
    bob.expect("-- alice is now ann");
    alice.types("/topic fewer bugs\r");
    bob.expect("-- ann set the topic: fewer bugs");
    alice.types("/msg rob psst\r");
    bob.expect("[from ann] psst");

    bob.ask("/op ann");
    alice.types("/mode +m\r");
    bob.expect("-- ann set moderated on");
    alice.types("/mode -m\r/mode +k s3cret\r/kick rob enough\r");
    bob.expect("-- ann set moderated off");
    bob.expect("-- ann set key on");
    bob.expect("!! kicked from dev by ann: enough");
    bob.wait_for(|line| line.contains(" in lobby"));
    assert_eq!(bob.ask("/join dev"), ["!! dev needs a key: /join dev KEY"]);
    alice.types("/invite rob #dev\r");
    bob.expect("-- ann invites you to dev: /join dev");
    bob.ask("/join dev");
    sees(&mut alice, "rob");

    switch(server);
    bob.send("still there?");
    let screen = sees(&mut alice, "still there?");
    assert!(!screen.to_lowercase().contains("disconnect"), "{screen}");
    alice.types("of course\r");
    bob.expect("<ann> of course");

    alice.types(&dialect.reconnect);
    bob.wait_for(|line| line.starts_with("-- ann left: quit"));
    sees(&mut alice, dialect.connected);
    alice.types("/join #dev s3cret\r");
    bob.wait_for(|line| line.ends_with(" joined (2 here)"));
    sees(&mut alice, "of course");
    alice.types("here again\r");
    bob.wait_for(|line| line.ends_with("> here again"));
}

/// irssi's settings. By itself it lets two seconds pass between its commands.
const IRSSI: &str = r#"
settings = {
  core = { user_name = "al"; real_name = "Al"; nick = "alice"; };
  "irc/core" = { cmd_queue_speed = "10msec"; cmds_max_at_once = "1000"; };
};
"#;

#[test]
#[ignore = "needs irssi and setsid (irssi, util-linux)"]
fn irssi_does_what_people_do_all_day() {
    let (dir, server) = (TempDir::new(), server());
    // By itself it lets two seconds pass between its commands.
    dir.file("config", IRSSI);
    let at = server.addr_of("irc");
    let connect = format!("-c {} -p {} -n alice", at.ip(), at.port());
    let alice = at_screen(&format!("irssi --home={} {connect}", dir.path("")));
    let reconnect = format!("/disconnect * bye\r/connect {} {}\r", at.ip(), at.port());
    talk(&server, alice, &Dialect { reconnect, connected: "alice(+i)" });
}

#[test]
#[ignore = "needs weechat and setsid (weechat-curses, util-linux)"]
fn weechat_does_what_people_do_all_day() {
    let (dir, server) = (TempDir::new(), server());
    let at = server.addr_of("irc");
    let add = format!("/server add box7 {}/{} -notls -nicks=alice", at.ip(), at.port());
    // By itself it asks before it takes two lines at once, and lets two seconds pass between them.
    let commands = [
        "/set irc.look.smart_filter off",
        "/set weechat.look.paste_max_lines -1",
        "/set irc.server_default.anti_flood_prio_high 0",
        "/set irc.server_default.anti_flood_prio_low 0",
        &add,
        "/connect box7",
    ];
    let commands = commands.map(|command| format!(" -r '{command}'")).concat();
    let alice = at_screen(&format!("weechat -d {} -P irc,buflist{commands}", dir.path("")));
    let reconnect = "/reconnect box7\r".to_owned();
    talk(&server, alice, &Dialect { reconnect, connected: "has joined #dev" });
}

/// A bot that tells each room what is said in the other.
const RELAY: &str = r"
import sys, irc.bot
class Relay(irc.bot.SingleServerIRCBot):
    def on_welcome(self, connection, event):
        for room in ROOMS: connection.join(room)
    def on_pubmsg(self, connection, event):
        other = ROOMS[event.target == ROOMS[0]]
        connection.privmsg(other, '%s: %s' % (event.source.nick, event.arguments[0]))
    def on_privmsg(self, connection, event):
        connection.notice(event.source.nick, 'I relay')
ROOMS = ['#dev', '#ops']
Relay([(sys.argv[1], int(sys.argv[2]))], 'relay', 'a relay').start()
";

#[test]
#[ignore = "needs python3 and its irc (python3, python3-irc)"]
fn a_bot_made_with_a_library_relays_between_rooms() {
    let server = server();
    let [mut alice, mut bob] = ["alice", "bob"].map(|nick| Client::join(&server, nick));
    alice.ask("/join dev");
    bob.ask("/join ops");
    alice.sync();
    let at = server.addr_of("irc");
    // The one of the distribution, which has the library.
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", RELAY, &at.ip().to_string(), &at.port().to_string()]);
    let mut bot = python.stdin(Stdio::null()).spawn().unwrap();
    alice.wait_for(|line| line == "-- relay joined (2 here)");
    bob.wait_for(|line| line == "-- relay joined (2 here)");
    alice.send("hi ops");
    bob.expect("<relay> alice: hi ops");
    switch(&server);
    bob.send("hi dev");
    alice.expect("<relay> bob: hi dev");
    alice.ask("/msg relay who are you");
    alice.wait_for(|line| line.contains("I relay"));
    bot.kill().unwrap();
    bot.wait().unwrap();
    alice.wait_for(|line| line.starts_with("-- relay left: "));
}

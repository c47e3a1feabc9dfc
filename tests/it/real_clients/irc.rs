//! IRC clients that people use, and a bot made with a library, beside a netcat.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Client, Server, TempDir, WebSocket, chatd};
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

/// irssi at a screen, connected as alice, with its settings in a directory.
fn irssi(dir: &TempDir, server: &Server) -> Terminal {
    dir.file("config", IRSSI);
    let at = server.addr_of("irc");
    let connect = format!("-c {} -p {} -n alice", at.ip(), at.port());
    at_screen(&format!("irssi --home={} {connect}", dir.path("")))
}

#[test]
#[ignore = "needs irssi and setsid (irssi, util-linux)"]
fn irssi_does_what_people_do_all_day() {
    let (dir, server) = (TempDir::new(), server());
    let (at, alice) = (server.addr_of("irc"), irssi(&dir, &server));
    let reconnect = format!("/disconnect * bye\r/connect {} {}\r", at.ip(), at.port());
    talk(&server, alice, &Dialect { reconnect, connected: "alice(+i)" });
}

/// WeeChat at a screen, connected under this nick, with its settings in a directory.
fn weechat(dir: &TempDir, server: &Server, nick: &str) -> Terminal {
    let at = server.addr_of("irc");
    let add = format!("/server add box7 {}/{} -notls -nicks={nick}", at.ip(), at.port());
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
    at_screen(&format!("weechat -d {} -P irc,buflist{commands}", dir.path("")))
}

#[test]
#[ignore = "needs weechat and setsid (weechat-curses, util-linux)"]
fn weechat_does_what_people_do_all_day() {
    let (dir, server) = (TempDir::new(), server());
    let alice = weechat(&dir, &server, "alice");
    let reconnect = "/reconnect box7\r".to_owned();
    talk(&server, alice, &Dialect { reconnect, connected: "has joined #dev" });
}

/// `chat` at a screen, connected under this nick.
fn chat(server: &Server, nick: &str) -> Terminal {
    let mut chat = Command::new(env!("CARGO_BIN_EXE_chat"));
    chat.args([&server.addr().to_string(), "--nick", nick]).env("TERM", "xterm");
    chat.env("LC_ALL", "C.UTF-8").env("HOME", env!("CARGO_TARGET_TMPDIR"));
    chat.env("XDG_STATE_HOME", "/dev/null").env("XDG_CONFIG_HOME", "/dev/null");
    Terminal::run(chat)
}

/// The object of the page's wire that fits.
#[track_caller]
fn told(page: &mut WebSocket, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let object = page.object();
        if fits(&object) {
            return object;
        }
    }
}

/// Somebody says a line at their screen, and all others see it.
#[track_caller]
fn all_hear<const N: usize>(
    speaker: &mut Terminal,
    line: &str,
    others: [&mut Terminal; N],
    page: &mut WebSocket,
) {
    speaker.types(&format!("{line}\r"));
    for other in others {
        sees(other, line);
    }
    told(page, |object| object["t"] == "said" && object["text"] == line);
}

#[test]
#[ignore = "needs irssi, weechat and setsid (irssi, weechat-curses, util-linux)"]
fn irssi_weechat_chat_and_the_pages_wire_share_a_room() {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0", "--irc-port", "0"]);
    let server = Server::run(command);
    let dirs = [TempDir::new(), TempDir::new()];
    let mut page = WebSocket::connect_json(&server);
    for line in ["/nick paige", "/join dev", "said before"] {
        page.ask_json(line);
    }
    let mut alice = irssi(&dirs[0], &server);
    let mut wendy = weechat(&dirs[1], &server, "wendy");
    let mut carl = chat(&server, "carl");
    sees(&mut carl, "you are now carl");
    for screen in [&mut alice, &mut wendy] {
        sees(screen, "no message of the day");
    }
    for (screen, join) in
        [(&mut alice, "/join #dev\r"), (&mut wendy, "/join #dev\r"), (&mut carl, "/join dev\r")]
    {
        screen.types(join);
        sees(screen, "said before");
    }

    all_hear(&mut alice, "irssi speaks", [&mut wendy, &mut carl], &mut page);
    all_hear(&mut wendy, "weechat speaks", [&mut alice, &mut carl], &mut page);
    all_hear(&mut carl, "chat speaks", [&mut alice, &mut wendy], &mut page);
    page.send("the page speaks");
    for screen in [&mut alice, &mut wendy, &mut carl] {
        sees(screen, "the page speaks");
    }

    page.send("/room key s3cret");
    sees(&mut alice, "+k s3cret");
    sees(&mut wendy, "+k s3cret");
    sees(&mut carl, "paige set key on");
    page.send("/kick carl enough");
    sees(&mut alice, "enough");
    sees(&mut wendy, "enough");
    sees(&mut carl, "kicked from dev by paige: enough");
    page.send("/kick alice you too");
    sees(&mut alice, "you too");
    sees(&mut wendy, "you too");
    told(&mut page, |object| object["t"] == "left" && object["nick"] == "alice");
    carl.types("/join dev\r");
    sees(&mut carl, "dev needs a key");
    carl.types("/join dev s3cret\r");
    sees(&mut carl, "in dev with");
    alice.types("/join #dev\r");
    sees(&mut alice, "Cannot join");
    alice.types("/join #dev s3cret\r");
    told(&mut page, |object| object["t"] == "joined" && object["nick"] == "alice");

    switch(&server);
    all_hear(&mut wendy, "weechat is here", [&mut alice, &mut carl], &mut page);
    all_hear(&mut alice, "irssi is here", [&mut wendy, &mut carl], &mut page);
    all_hear(&mut carl, "chat is here", [&mut alice, &mut wendy], &mut page);
    page.send("the page is here");
    for screen in [&mut alice, &mut wendy, &mut carl] {
        let shown = sees(screen, "the page is here").to_lowercase();
        assert!(!shown.contains("disconnect") && !shown.contains("connection"), "{shown}");
    }
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

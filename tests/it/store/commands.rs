//! `chatd export`, `backup` and `account` on the command line, beside a store in use.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use chatd::chat::{AuthRequest, Entry, Kind, Password, Role};
use chatd::store::Event;
use chatd::text::Text;
use serde_json::{Value, json};

use super::{Kept, NOON, moment, next_id, nick, room};
use crate::harness::{Ended, TempDir, chatd, run};
use crate::pty::Terminal;

/// Runs `chatd WORDS --state-dir DIR` with that on its stdin.
#[track_caller]
pub(super) fn manage(dir: &TempDir, words: &str, input: &str) -> Ended {
    let (stdin, mut typed) = std::io::pipe().unwrap();
    typed.write_all(input.as_bytes()).unwrap();
    drop(typed);
    run(chatd().args(words.split(' ')).args(["--state-dir", &dir.path("")]).stdin(stdin))
}

#[track_caller]
fn assert_done(ended: &Ended, stdout: &str) {
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (0, stdout, ""));
}

/// What `export` writes.
#[track_caller]
pub(super) fn exported(dir: &TempDir, options: &str) -> Vec<Value> {
    let ended = manage(dir, format!("export {options}").trim(), "");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_history_is_exported_while_the_server_writes() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let text = Text::new("wäves \"\\ ✔");
    let (id, at) = (next_id(), moment(NOON + 1));
    let emote = Entry { id, kind: Kind::Emoted, from: nick("bob"), at, text, private: false };
    kept.say("one");
    let seq = kept.store.write(room("dev"), emote).unwrap();
    kept.wait_committed(seq);
    let one = json!({"id": 1, "ts": NOON, "room": "lobby", "nick": "alice", "kind": "said", "text": "one"});
    let two = json!({"id": 2, "ts": NOON + 1, "room": "dev", "nick": "bob", "kind": "emote", "text": "wäves \"\\ ✔"});
    assert_eq!(exported(&dir, ""), [one.clone(), two.clone()]);
    assert_eq!(exported(&dir, "--room nowhere"), [] as [Value; 0]);
    assert_eq!(exported(&dir, "--since 2026-11-01"), [one, two.clone()]);
    let two = [two];
    assert_eq!(exported(&dir, "--room #Dev"), two);
    assert_eq!(exported(&dir, "--since 2026-11-22T10:02:00.001Z"), two);
    assert_eq!(exported(&dir, "--since 2030-01-01T10:00"), [] as [Value; 0]);
    for wrong in ["--since yesterday", "--room 1st", "--since", "--port 1"] {
        let ended = manage(&dir, &format!("export {wrong}"), "");
        assert_eq!((ended.status, &*ended.stdout), (2, ""), "{wrong}");
        assert!(ended.first_line().starts_with("chatd: "), "{}", ended.stderr);
    }
}

#[test]
fn a_long_history_is_exported_whole_and_a_reader_may_stop_early() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say_all((0..5000).map(|number| number.to_string()));
    kept.wait_committed(seq);
    let mut whole = Command::new("sh");
    whole.args(["-c", "\"$0\" export --state-dir \"$1\" > \"$1/out\""]);
    let ended = run(whole.args([env!("CARGO_BIN_EXE_chatd"), &dir.path("")]));
    assert_done(&ended, "");
    let out = fs::read_to_string(dir.path("out")).unwrap();
    let text = |line| serde_json::from_str::<Value>(line).unwrap()["text"].clone();
    let texts: Vec<_> = out.lines().map(text).collect();
    assert_eq!(texts, (0..5000).map(|number| json!(number.to_string())).collect::<Vec<_>>());
    let mut command = Command::new("sh");
    command.args(["-c", "{ \"$0\" export --state-dir \"$1\"; echo $? >&2; } | head -n 1"]);
    let ended = run(command.args([env!("CARGO_BIN_EXE_chatd"), &dir.path("")]));
    assert_eq!((ended.stdout.lines().count(), &*ended.stderr), (1, "0\n"));
}

#[test]
fn a_backup_is_made_while_the_server_writes_and_can_take_its_place() {
    let (dir, place) = (TempDir::new(), TempDir::new());
    let mut kept = Kept::open(&dir);
    let seq = kept.say_all((0..3000).map(|number| format!("line {number}")));
    kept.wait_committed(seq);
    let copy = place.path("chatd.db");
    let mut backup = chatd();
    backup.args(["backup", &copy, "--state-dir", &dir.path("")]).stdin(Stdio::null());
    let mut child = backup.spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        let seq = kept.say("meanwhile");
        kept.wait_committed(seq);
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(place.names(), ["chatd.db"]);
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&copy).unwrap();
    let again = run(&mut backup);
    assert_eq!(again.status, 1);
    assert_eq!(again.stderr, format!("chatd: cannot write {copy}: File exists (os error 17)\n"));
    assert!(fs::read(&copy).unwrap() == before, "nothing is overwritten");
    let restored = Kept::open(&place);
    let lines = restored.last("lobby", 5000);
    assert!(lines.contains(&"line 2999".to_owned()), "{lines:?}");
}

#[test]
fn accounts_are_managed_while_the_server_runs() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    let roll = || {
        kept.wait(|event| match event {
            Event::Changed(roll) => Some(roll.accounts),
            _ => None,
        })
    };
    assert_done(
        &manage(&dir, "account add alice --operator", "first secret\nignored\n"),
        "added alice (operator)\n",
    );
    let accounts = roll();
    assert_eq!((accounts[0].nick, accounts[0].role), (nick("alice"), Role::Operator));
    assert_done(&manage(&dir, "account add bob", "the second"), "added bob (user)\n");
    let listed = manage(&dir, "account list", "");
    let names = |line: &str| {
        line.split(' ')
            .filter(|word| !word.is_empty())
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed.stdout.lines().map(names).collect::<Vec<_>>(),
        [["alice", "operator"], ["bob", "user"]]
    );
    assert!(listed.stdout.lines().all(|line| line.ends_with(" never")), "{}", listed.stdout);
    assert_done(
        &manage(&dir, "account password B0B", "the third\n"),
        "changed the password of bob\n",
    );
    assert_done(&manage(&dir, "account remove ALICE", ""), "removed alice\n");
    kept.wait(|event| {
        matches!(event, Event::Changed(roll) if roll.accounts.len() == 1).then_some(())
    });
    let log_in = |word: &str| {
        let password = Password::new(word).unwrap();
        kept.store
            .authenticate(super::CLIENT, AuthRequest::Login(nick("bob"), password, moment(NOON)))
            .unwrap();
        matches!(kept.answer(), chatd::store::Answer::LoggedIn(_))
    };
    assert!(log_in("the third") && !log_in("the second"));
}

#[test]
fn what_cannot_be_done_with_an_account_is_said_in_one_line() {
    let dir = TempDir::new();
    let absent = manage(&dir, "account list", "");
    let why =
        format!("cannot use {}: No such file or directory (os error 2)", dir.path("chatd.db"));
    assert_eq!((absent.status, absent.stderr), (1, format!("chatd: {why}\n")));
    assert_done(&manage(&dir, "account add alice", "top secret\n"), "added alice (user)\n");
    for (words, input, status, why) in [
        ("account add A1ice", "long enough\n", 1, "alice is already registered"),
        ("account role bob operator", "", 1, "bob is not registered"),
        ("account role alice admin", "", 2, "invalid value 'admin'"),
        ("account add bob", "", 2, "a password has 8 to 512 bytes"),
        ("account add bob", "\nsecond line\n", 2, "a password has 8 to 512 bytes"),
        ("account add bob", "1234567\n", 2, "a password has 8 to 512 bytes"),
        ("account password alice", "1234567\n", 2, "a password has 8 to 512 bytes"),
        ("account add bob", " blank before\n", 2, "no blanks around it"),
        ("account add bob", "blank behind \r\n", 2, "no blanks around it"),
        ("account password alice", "bell\u{7}\n", 2, "no control or invisible"),
        ("account password alice", "tab\tin it\n", 2, "no control or invisible"),
        ("account password alice", "not \u{fffd} UTF-8\n", 2, "512 bytes of UTF-8"),
        ("account password alice", "\u{3164}\u{3164}\u{3164}\n", 2, "invisible characters"),
        ("account password alice", "ers\u{8}ased it\n", 2, "no control or invisible"),
        ("account password alice", &"x".repeat(513), 2, "a password has 8 to 512 bytes"),
        ("account remove bob", "", 1, "bob is not registered"),
        ("account password bob", "long enough\n", 1, "bob is not registered"),
        ("account add root", "long enough\n", 2, "root is reserved"),
        ("account add 1st", "x\n", 2, "a nick has 1 to 16 of"),
        ("account lsit", "", 2, "unrecognized subcommand 'lsit'"),
    ] {
        let ended = manage(&dir, words, input);
        assert_eq!((ended.status, &*ended.stdout), (status, ""), "{words}: {}", ended.stderr);
        assert!(ended.first_line().contains(why), "{words}: {}", ended.stderr);
        assert!(status == 2 || ended.stderr.lines().count() == 1, "{}", ended.stderr);
    }
}

#[test]
fn the_state_directory_may_be_named_before_the_subcommand() {
    let dir = TempDir::new();
    assert_done(&manage(&dir, "account add alice", "top secret\n"), "added alice (user)\n");
    let file = dir.file("chatd.toml", format!("state-dir = {:?}\n", dir.path("")));
    let (dir, list) = (dir.path(""), ["account", "list"]);
    for before in [["--state-dir", &*dir], ["--config", &*file]] {
        let ended = run(chatd().args(before).args(list));
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
        assert!(ended.stdout.starts_with("alice "), "{}", ended.stdout);
    }
    let behind =
        run(chatd().args(["--state-dir", "/nowhere"]).args(list).args(["--state-dir", &dir]));
    assert_eq!((behind.status, &*behind.stderr), (0, ""), "the one behind it counts");
    let ended = run(chatd().args(["--port", "1", "--state-dir", &dir]).args(list));
    let refused = "chatd: --port cannot be used with a subcommand\n";
    assert_eq!((ended.status, &*ended.stderr), (2, refused));
}

#[test]
#[ignore = "needs setsid (util-linux)"]
fn a_password_is_typed_twice_at_a_terminal_and_not_shown() {
    let dir = TempDir::new();
    let add = |name: &str| {
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_chatd"), "account", "add", name]);
        Terminal::run({
            command.args(["--state-dir", &dir.path("")]);
            command
        })
    };
    let mut alice = add("alice");
    alice.shows("Password: ");
    alice.rests();
    alice.types("top secret\r");
    alice.shows("\r\nAgain: ");
    alice.rests();
    alice.types("top secret\r");
    alice.ends_showing("\r\nadded alice (user)\r\n");
    let mut bob = add("bob");
    bob.shows("Password: ");
    bob.rests();
    bob.types("top secret\r");
    bob.shows("\r\nAgain: ");
    bob.rests();
    bob.types("other\r");
    bob.ends_showing("\r\nchatd: the two passwords differ; nothing was changed\r\n");
    assert_eq!(manage(&dir, "account list", "").stdout.lines().count(), 1);
}

#[test]
fn the_state_directory_may_be_named_in_the_environment() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("one");
    kept.wait_committed(seq);
    let ended = run(chatd().arg("export").env("CHATD_STATE_DIR", dir.path("")));
    assert_eq!((ended.status, ended.stdout.lines().count()), (0, 1));
    let ended = run(chatd().arg("export"));
    assert_eq!((ended.status, &*ended.stderr), (2, "chatd: --state-dir DIR is missing\n"));
}

#[test]
fn the_state_directory_may_be_named_in_the_servers_file() {
    let (dir, other) = (TempDir::new(), TempDir::new());
    assert_done(&manage(&dir, "account add alice", "top secret\n"), "added alice (user)\n");
    assert_done(&manage(&other, "account add bob", "top secret\n"), "added bob (user)\n");
    // The certificate is for the server to read.
    let toml = format!("port = 1\ntls-cert = \"no.pem\"\nstate-dir = {:?}\n", dir.path(""));
    let file = dir.file("chatd.toml", toml);
    let lists = |command: &mut Command, name: &str| {
        let ended = run(command.args(["account", "list"]));
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
        assert!(ended.stdout.starts_with(name), "{}", ended.stdout);
    };
    lists(chatd().env("CHATD_CONFIG", &file), "alice");
    lists(chatd().env("CHATD_CONFIG", &file).env("CHATD_STATE_DIR", other.path("")), "bob");
    let by_flag = run(chatd().args(["account", "list", "--config", &file]));
    assert!(by_flag.stdout.starts_with("alice "), "{}", by_flag.stderr);
    let flags = ["account", "list", "--config", &file, "--state-dir", &other.path("")];
    let ended = run(chatd().args(flags).env("CHATD_STATE_DIR", dir.path("")));
    assert!(ended.stdout.starts_with("bob "), "{}", ended.stderr);
    for (contents, why) in [
        ("state-dir = 7.5\nport", "line 2: port"),
        ("state-dir = []", "state-dir: expected a string"),
        ("state-dir = \"/no/where\"", "state-dir: cannot use /no/where: no such"),
        ("port = 1", "--state-dir DIR is missing"),
    ] {
        let file = dir.file("wrong.toml", contents);
        let ended = run(chatd().args(["export", "--config", &file]));
        assert_eq!(ended.status, 2, "{contents}");
        assert!(ended.first_line().contains(why), "{contents}: {}", ended.stderr);
    }
    let ended = run(chatd().args(["export", "--config", "none.toml"]));
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.starts_with("chatd: --config: cannot read none.toml: "));
}

#[test]
fn a_state_directory_that_is_not_there_is_named_and_not_made() {
    let dir = TempDir::new();
    let (slip, below) = (dir.path("slip"), format!("{}/state", dir.file("notes", "")));
    let why = "no such directory; name the server's state directory, or create it first as the \
               user that the server runs as";
    let copy = dir.path("copy.db");
    let commands: [&[&str]; 7] = [
        &["account", "add", "alice"],
        &["account", "list"],
        &["account", "role", "alice", "operator"],
        &["account", "remove", "alice"],
        &["account", "password", "alice"],
        &["export"],
        &["backup", &copy],
    ];
    for words in commands {
        for missing in [&slip, &below] {
            let by_flag = run(chatd().args(words).args(["--state-dir", missing]));
            let by_variable = run(chatd().args(words).env("CHATD_STATE_DIR", missing));
            for (ended, named) in [(by_flag, "--state-dir"), (by_variable, "CHATD_STATE_DIR")] {
                let expected = format!("chatd: {named}: cannot use {missing}: {why}\n");
                assert_eq!((ended.status, &*ended.stdout), (2, ""), "{words:?}");
                assert_eq!(ended.stderr, expected, "{words:?}");
            }
        }
    }
    assert_eq!(dir.names(), ["notes"]);
}

#[test]
fn the_first_account_may_be_there_before_the_first_start() {
    let dir = TempDir::new();
    assert_done(
        &manage(&dir, "account add alice --operator", "top secret\n"),
        "added alice (operator)\n",
    );
    assert_eq!(dir.names(), ["chatd.db"]);
    let accounts = Kept::open(&dir).past.roll.accounts;
    assert_eq!((accounts[0].nick, accounts[0].role), (nick("alice"), Role::Operator));
}

#[test]
fn the_help_names_the_commands_and_options_do_not_mix_with_them() {
    let help = run(chatd().arg("--help")).stdout;
    for word in ["export", "backup", "account", "--port"] {
        assert!(help.contains(word), "{word} in {help}");
    }
    assert_eq!(run(chatd().args(["--port", "1", "export"])).status, 2);
    assert_eq!(run(chatd().arg("exprot")).status, 2);
}

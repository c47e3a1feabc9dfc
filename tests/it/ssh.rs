//! People who come by ssh: a real sshd with the settings and the user of the package, in namespaces
//! of its own (`tests/ssh/serve`), and a real ssh.

mod attacks;
mod door;

use std::fs;
use std::process::Stdio;

use rustix::process::Signal;

use self::door::Door;
pub(crate) use self::door::{client, new_key};
use crate::harness::{Client, TempDir, eventually, run};
use crate::pty::{CTRL_D, Terminal};

/// Alice at a terminal, in the lobby.
#[track_caller]
fn alice(door: &Door) -> Terminal {
    let mut alice = Terminal::run(door.ssh(&["-t"], "alice"));
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn any_key_gets_in_and_is_in_the_chat_from_its_own_address() {
    let door = Door::open();
    for key in ["ed25519", "ecdsa"] {
        let key_file = new_key(door.dir(), key, &format!("another-{key}"));
        let mut command = door.ssh_by_key(&key_file, &["-b", "127.0.0.5"], "");
        let ended = run(command.stdin(Stdio::null()));
        assert_eq!((ended.status, &*ended.stderr), (0, ""), "{key}: {}", door.log());
        assert!(ended.stdout.starts_with("-- Welcome to chatd on "), "{}", ended.stdout);
    }
    door.server.wait_log(["guest1 connected from 127.0.0.5:"]);
    door.server.wait_log(["guest2 connected from 127.0.0.5:"]);
    let mut without = door.ssh_by_key("/dev/null", &["-o", "BatchMode=yes"], "");
    assert_eq!(run(without.stdin(Stdio::null())).status, 255);
    let mut other_user = door.ssh(&["-l", "root"], "");
    assert_eq!(run(other_user.stdin(Stdio::null())).status, 255);
}

/// As docs/OPERATIONS.md has it.
#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn operators_may_let_in_certain_keys_only() {
    let dir = TempDir::new();
    let [known, unknown] = ["known", "unknown"].map(|name| new_key(&dir, "ed25519", name));
    let keys = format!("restrict,pty {}", fs::read_to_string(format!("{known}.pub")).unwrap());
    let config = include_str!("../../packaging/sshd_config");
    let lines = config.lines().filter(|line| !line.starts_with("AuthorizedKeys"));
    let config: String = lines.map(|line| format!("{line}\n")).collect();
    let config = config.replace("#AuthorizedKeysFile", "AuthorizedKeysFile");
    let door =
        Door::with_files(&[("etc/chatd/sshd_config", &config), ("etc/chatd/ssh_keys", &keys)]);
    let mut welcome = door.ssh_by_key(&known, &[], "");
    assert_eq!(run(welcome.stdin(Stdio::null())).status, 0, "{}", door.log());
    let mut turned_away = door.ssh_by_key(&unknown, &["-o", "BatchMode=yes"], "");
    assert_eq!(run(turned_away.stdin(Stdio::null())).status, 255);
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn at_a_terminal_others_lines_stay_above_the_typed_one() {
    let door = Door::open();
    let mut bob = Client::join(&door.server, "bob");
    let mut alice = alice(&door);
    bob.wait_for(|line| line.contains("alice"));
    alice.types("half a li");
    alice.displays(|rows| rows.last() == Some(&"> half a li"));
    bob.send("hello");
    alice.displays(|rows| rows.ends_with(&["<bob> hello", "> half a li"]));
    alice.types("ne\r");
    bob.wait_for(|line| line == "<alice> half a line");
    assert!(bob.ask("/whois alice").iter().any(|line| line.contains("alice")));
    alice.types(CTRL_D);
    assert_eq!(alice.ends(), 0);
    bob.wait_for(|line| line.starts_with("-- alice left: quit"));
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn name_and_room_come_with_the_command_or_the_environment_also_in_a_pipe() {
    let door = Door::open();
    let mut bob = Client::join(&door.server, "bob");
    bob.ask("/join builds");
    let ended = door.pipes(&[], "ci builds", "passed\n");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    bob.wait_for(|line| line == "<ci> passed");
    let ended = door.pipes(&["-o", "SetEnv=CHAT_NICK=carol"], "", "/join builds\nhello\n");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    bob.wait_for(|line| line == "<carol> hello");
    let ended = door.pipes(&["-o", "SetEnv=CHAT_NICK=/quit"], "", "/who\n");
    assert!(ended.status == 0 && ended.stdout.contains("You are guest"), "{ended:?}");
    // The exit status is that of chat.
    let ended = door.pipes(&[], "bob builds", "not said\n");
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("!! bob is taken"), "{}", ended.stderr);
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn a_closed_terminal_ends_the_session() {
    let door = Door::open();
    let alice = alice(&door);
    eventually("alice's process", || (door.sessions().len() == 1).then_some(()));
    alice.signal(Signal::KILL);
    // `chat` may have the time to say so, or not.
    door.server.wait_log(["alice left: "]);
    eventually("the end of it", || door.sessions().is_empty().then_some(()));
}

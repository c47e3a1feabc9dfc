//! Whoever gets in by ssh gets nothing but the chat.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};

use super::*;

const USAGE: &str = "usage: ssh -t chat@HOST [NICK [ROOM]]\n";

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn no_other_command_runs_and_no_file_is_transferred() {
    let door = Door::open();
    let file = door.dir().file("file", "secret");
    for command in ["rm -rf /; id", "sh -i", "$(id) `id`"] {
        let ended = door.pipes(&[], command, "id\n");
        assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (2, "", USAGE), "{command}");
    }
    let remote = "chat@127.0.0.1:/etc/passwd";
    let local = door.dir().path("copy");
    for arguments in [["-O", remote, &local], ["-s", &file, remote]] {
        assert_ne!(door.transfers("scp", &arguments).status, 0, "{arguments:?}");
        assert!(!fs::exists(&local).unwrap());
    }
    let ended = door.pipes(&["-s"], "sftp", "");
    assert!(ended.stderr.contains("subsystem request failed"), "{ended:?}");
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn nothing_is_forwarded() {
    let door = Door::open();
    let server = door.server.addr().to_string();
    // What -L and -D ask for as well, once somebody connects.
    let ended = door.pipes(&["-W", &server], "", "hello\n");
    assert_eq!((ended.status, &*ended.stdout), (255, ""));
    assert!(door.log().contains("refused local port forward"), "{}", ended.stderr);
    let fails = "ExitOnForwardFailure=yes";
    let socket = format!("{}:{}", door.dir().path("remote"), door.dir().path("local"));
    for remote in [&format!("0:{server}"), &socket] {
        let ended = door.pipes(&["-N", "-o", fails, "-R", remote], "", "");
        assert_eq!(ended.status, 255, "{remote}: {ended:?}");
        assert!(ended.stderr.contains("forwarding"), "{}", ended.stderr);
    }
    let ended = door.pipes(&["-N", "-o", fails, "-w", "any"], "", "");
    assert_eq!(ended.status, 255, "{ended:?}");
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn nothing_gets_into_the_environment_but_a_name() {
    let traps = [
        ("usr/chat-home/.ssh/rc", "touch /run/trap\n"),
        ("usr/chat-home/.ssh/environment", "LD_PRELOAD=/run/trap.so\n"),
        ("usr/chat-home/.bashrc", "touch /run/trap\n"),
        ("usr/chat-home/.profile", "touch /run/trap\n"),
    ];
    let door = Door::with_files(&traps);
    let agent = door.dir().path("agent");
    let _agent = UnixListener::bind(&agent).unwrap();
    let mut command = door.ssh(&["-t", "-Y", "-o", "IdentityAgent=none"], "");
    command
        .args(["-o", "SetEnv=LD_PRELOAD=/x BASH_ENV=/x ENV=/x XDG_STATE_HOME=/x CHAT_NICK=alice"]);
    command.args(["-o", &format!("ForwardAgent={agent}")]).env("DISPLAY", "127.0.0.1:99");
    let mut alice = Terminal::run(command);
    alice.skips_to("-- you are now alice");
    let session = eventually("the session", || door.sessions().pop());
    let environment = fs::read(format!("/proc/{session}/environ")).unwrap();
    let names: BTreeSet<_> = environment
        .split(|&byte| byte == 0)
        .map(|variable| String::from_utf8_lossy(variable).split('=').next().unwrap().to_owned())
        .collect();
    assert!(names.contains("CHAT_NICK") && names.contains("SSH_CONNECTION"), "{names:?}");
    for name in [
        "LD_PRELOAD",
        "BASH_ENV",
        "ENV",
        "XDG_STATE_HOME",
        "SSH_AUTH_SOCK",
        "DISPLAY",
        "XAUTHORITY",
    ] {
        assert!(!names.contains(name), "{names:?}");
    }
    assert!(!fs::exists(door.dir().path("run/trap")).unwrap());
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn no_line_of_somebody_else_acts_on_the_terminal() {
    let door = Door::open();
    let mut mallory = Client::join(&door.server, "mallory");
    let mut alice = alice(&door);
    let escapes = "\x1b]0;title\x07\x1b[2J\x1b[6n\u{9b}31m\x1bP+q\x1b\\\x05";
    mallory.send(&format!("a{escapes}b"));
    mallory.send(&format!("/nick m{escapes}"));
    mallory.send(&format!("/topic {escapes}end"));
    alice.skips_to("end");
    for escape in ["\x1b]", "\x1b[2J", "\x1b[6n", "\u{9b}", "\x1bP", "\x05", "\x07"] {
        let escape = escape.as_bytes();
        assert!(!alice.written().windows(escape.len()).any(|bytes| bytes == escape));
    }
    // Nor do those that are typed.
    alice.types("x\x1b]0;title\x07y\x1a\x1c\r");
    let said = mallory.wait_for(|line| line.starts_with("<alice> "));
    assert!(!said.contains(char::is_control), "{said:?}");
    assert_eq!(door.sessions().len(), 1);
}

/// A client whose input stays open.
fn stays(door: &Door, name: &str) -> Child {
    let mut command = door.ssh(&[], name);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
#[ignore = "needs root and sshd and ssh (openssh-server, openssh-client)"]
fn fifty_sessions_chat_at_the_same_time() {
    const SESSIONS: usize = 50;
    /// As many as sshd lets authenticate at the same time without turning some away.
    const AT_ONCE: usize = 10;
    let door = Door::open();
    let mut bob = Client::join(&door.server, "bob");
    let mut children = Vec::new();
    for names in (0..SESSIONS).collect::<Vec<_>>().chunks(AT_ONCE) {
        children.extend(names.iter().map(|n| stays(&door, &format!("c{n}"))));
        for child in children.iter_mut().rev().take(AT_ONCE) {
            child.stdin.as_mut().unwrap().write_all(b"here\n").unwrap();
        }
        let _ = names.iter().map(|_| bob.wait_for(|line| line.ends_with("> here"))).count();
    }
    assert_eq!(door.sessions().len(), SESSIONS);
    let mut alice = alice(&door);
    alice.types("hello\r");
    bob.wait_for(|line| line == "<alice> hello");
    drop(alice);
    for child in &mut children {
        drop(child.stdin.take());
    }
    for mut child in children {
        let ended = eventually("the end", || child.try_wait().unwrap());
        assert!(ended.success());
    }
    eventually("the end of all", || door.sessions().is_empty().then_some(()));
}

//! Which paths may be state directories, and which names they may have.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use super::commands::manage;
use crate::harness::{Ended, Server, TempDir, chatd, run};

fn set_mode(path: &str, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A state directory with an account.
fn used() -> TempDir {
    let dir = TempDir::new();
    set_mode(&dir.path(""), 0o750);
    assert_eq!(manage(&dir, "account add alice", "top secret\n").status, 0);
    dir
}

/// How a server and a subcommand end that are to use the state directory.
fn started(dir: &str) -> [Ended; 2] {
    let serve = &["--port", "0", "--bind", "127.0.0.1"][..];
    [serve, &["account", "list"]].map(|words| run(chatd().args(words).args(["--state-dir", dir])))
}

#[track_caller]
fn assert_refused(dir: &str, why: &str) {
    for ended in started(dir) {
        assert_eq!((ended.status, &*ended.stdout), (2, ""), "{}", ended.stderr);
        assert_eq!(ended.stderr, format!("chatd: --state-dir: cannot use {why}\n"));
    }
}

#[test]
fn what_others_can_write_to_is_refused() {
    let dir = used();
    let open = |path: &str, mode| {
        let others = format!("other users can write to it (mode {mode:o})");
        format!("{path}: {others}; change that with chmod go-w")
    };
    for mode in [0o770, 0o757, 0o1777] {
        set_mode(&dir.path(""), mode);
        assert_refused(&dir.path(""), &open(&dir.path(""), mode));
    }
    set_mode(&dir.path(""), 0o755);
    set_mode(&dir.path("chatd.db"), 0o660);
    let database = dir.path("").trim_end_matches('/').to_owned() + "/chatd.db";
    assert_refused(&dir.path(""), &open(&database, 0o660));
    set_mode(&dir.path("chatd.db"), 0o640);
    assert_eq!(manage(&dir, "account list", "").status, 0);
    Server::with(["--state-dir", &dir.path("")]).stop();
}

#[test]
fn a_link_of_ones_own_to_a_state_directory_is_followed() {
    let (dir, place) = (used(), TempDir::new());
    let link = place.path("link");
    symlink(dir.path(""), &link).unwrap();
    let ended = run(chatd().args(["account", "list", "--state-dir", &link]));
    assert_eq!((ended.status, ended.stdout.lines().count()), (0, 1), "{}", ended.stderr);
}

#[test]
#[ignore = "needs root"]
fn what_another_user_owns_is_refused_to_a_server() {
    const OTHER: u32 = 54_324;
    let dir = used();
    let server = || {
        let mut command = chatd();
        command.args(["--port", "0", "--bind", "127.0.0.1", "--state-dir", &dir.path("")]);
        run(&mut command)
    };
    let database = dir.path("chatd.db");
    for path in [dir.path(""), database] {
        chown(&path, Some(OTHER), None).unwrap();
        let ended = server();
        let why =
            format!("cannot use {path}: it belongs to user {OTHER}, and chatd runs as user 0");
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(ended.stderr.starts_with(&format!("chatd: --state-dir: {why}; ")), "{why}");
        chown(&path, Some(0), None).unwrap();
    }
    let place = TempDir::new();
    let link = place.path("link");
    symlink(dir.path(""), &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(OTHER), None).unwrap();
    for ended in started(&link) {
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains("owns this link and could change it"), "{}", ended.stderr);
    }
    // Root looks after the directory of the user that the server runs as.
    for path in [dir.path(""), dir.path("chatd.db")] {
        chown(&path, Some(OTHER), None).unwrap();
    }
    assert_eq!(manage(&dir, "account list", "").status, 0);
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let place = TempDir::new();
    let here = |words: &[&str]| {
        let mut command: Command = chatd();
        command.current_dir(place.path("")).args(words);
        let (stdin, mut typed) = std::io::pipe().unwrap();
        typed.write_all(b"top secret\n").unwrap();
        drop(typed);
        run(command.stdin(stdin))
    };
    for (number, name) in ["file:x?mode=memory", "file:y", ":memory:"].into_iter().enumerate() {
        fs::create_dir(place.path(name)).unwrap();
        let added = here(&["account", "add", "alice", "--state-dir", name]);
        assert_eq!(added.stdout, "added alice (user)\n", "{name}: {}", added.stderr);
        let listed = here(&["account", "list", "--state-dir", name]);
        assert_eq!(listed.stdout.lines().count(), 1, "{name}: {}", listed.stderr);
        let copy = if number == 2 { ":memory:".to_owned() } else { format!("{name}-copy") };
        let copy = format!("copy{number}/{copy}");
        fs::create_dir(place.path(&format!("copy{number}"))).unwrap();
        let mut backup = chatd();
        backup.current_dir(place.path(&format!("copy{number}")));
        let target = copy.split_once('/').unwrap().1;
        backup.args(["backup", target, "--state-dir", &place.path(name)]);
        let ended = run(&mut backup);
        assert_eq!((ended.status, &*ended.stderr), (0, ""), "{name}");
        assert!(fs::metadata(place.path(&copy)).unwrap().len() > 4096, "{name}");
    }
    let doubled = format!("/{}", place.path("file:y"));
    assert_eq!(here(&["account", "list", "--state-dir", &doubled]).status, 0);
}

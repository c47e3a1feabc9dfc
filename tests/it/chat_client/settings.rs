//! The file with the user's settings.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// The program with this file, and without an address.
fn with_file(dir: &TempDir, settings: &str) -> Command {
    fs::create_dir_all(dir.path("chatd")).unwrap();
    let file = dir.path("chatd/chat.conf");
    fs::write(&file, settings).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    let mut command = program();
    command.env("XDG_CONFIG_HOME", dir.path(""));
    command
}

#[test]
fn it_says_where_and_as_whom_and_how_lines_look() {
    let (dir, server) = (TempDir::new(), Server::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let port = server.port();
    let file = format!(
        "host = \"127.0.0.1\"\nport = {port}\nnick = \"alice\"\nroom = \"dev\"\n\
         time = true\nbell = true\ncolor = \"never\"\n"
    );
    let mut alice = Terminal::run(with_file(&dir, &file));
    alice.displays(|rows| rows.last() == Some(&">"));
    alice.displays_status(|bar| bar.starts_with("alice in dev ") && bar.contains(" lag "));
    bob.wait_for(|line| line.starts_with("-- alice joined"));
    // The server has got the wish for times when it answers.
    alice.types("/ping\r");
    ends_in(&mut alice, &["-- pong", ">"]);
    bob.send("alice: look");
    alice.displays(|rows| {
        let said = rows.iter().rev().nth(1).unwrap_or(&"");
        said.starts_with("*[") && said.ends_with("] <bob> alice: look")
    });
    assert!(alice.written().contains(&0x07), "it rings");
    alice.types("/quit\r");
    assert_eq!(alice.ends(), 0);

    let mut command = with_file(&dir, &file);
    let ended = piped(command.args(["--nick", "ci"]), "from a script\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    bob.wait_for(|line| line == "<ci> from a script");
}

#[test]
fn a_password_comes_from_a_command() {
    let dir = TempDir::new();
    let (server, mut bob) = with_account(&dir);
    let port = server.port();
    let file = format!(
        "host = \"127.0.0.1\"\nport = {port}\nlogin = \"alice\"\n\
         password-command = \"printf 'open sesame\\\\nmore\\\\n'; cat\"\n"
    );
    let ended = piped(&mut with_file(&dir, &file), "from a script\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    bob.wait_for(|line| line == "<alice> from a script");

    let flags = ["--login", "alice", "--password-command", "echo no; exit 3"];
    let ended = piped(&mut chat(server.addr(), flags), "never\n");
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("password command: exit status: 3"), "{}", ended.stderr);
}

#[test]
fn a_mistake_in_it_is_told_and_ends_the_program() {
    let dir = TempDir::new();
    let mut command = with_file(&dir, "nick = \"alice\"\ncolour = \"auto\"\n");
    let ended = run(command.arg("127.0.0.1"));
    assert_eq!((ended.status, &*ended.stdout), (2, ""));
    let file = dir.path("chatd/chat.conf");
    let told = format!("chat: {file}: line 2: colour: no such setting; they are host, port,");
    assert!(ended.stderr.starts_with(&told), "{}", ended.stderr);
}

#[test]
fn a_restricted_session_does_not_read_it() {
    let dir = TempDir::new();
    let mut command = with_file(&dir, "no settings");
    let ended = run(command.args(["--restricted", "unix:/nowhere"]));
    assert_eq!(ended.status, 1);
    assert!(!ended.stderr.contains("chat.conf"), "{}", ended.stderr);
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let dir = TempDir::new();
    let file = dir.path("chatd/chat.conf");
    for mode in [0o664, 0o646] {
        let mut command = with_file(&dir, "nick = \"alice\"\n");
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let ended = run(command.arg("127.0.0.1"));
        let told =
            format!("chat: {file}: others can write to it; chmod go-w takes that from them\n");
        assert_eq!((ended.status, ended.stderr), (2, told));
    }
}

#[test]
fn a_pipe_in_its_place_is_not_waited_for() {
    let dir = TempDir::new();
    let mut command = with_file(&dir, "");
    let file = dir.path("chatd/chat.conf");
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let ended = run(command.arg("127.0.0.1"));
    assert_eq!((ended.status, ended.stderr), (2, format!("chat: {file}: it is not a file\n")));
}

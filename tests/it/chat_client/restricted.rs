//! `chat --restricted`, as sshd starts it: for a person who can do nothing else on that machine.

use std::fs;

use super::*;

/// A server with a socket, and `chat --restricted` there with these variables of sshd's.
struct Box7 {
    server: Server,
    dir: TempDir,
}

impl Box7 {
    #[track_caller]
    fn start() -> Self {
        let dir = TempDir::new();
        let server = Server::with(["--unix", &dir.path("chatd.sock")]);
        Self { server, dir }
    }

    fn session<const N: usize>(&self, variables: [(&str, &str); N]) -> Command {
        let mut command = chat(format!("unix:{}", self.dir.path("chatd.sock")), ["--restricted"]);
        for name in ["SSH_CONNECTION", "SSH_ORIGINAL_COMMAND", "CHAT_NICK"] {
            command.env_remove(name);
        }
        command.envs(variables);
        command
    }
}

#[test]
fn restricted_takes_a_socket_a_nick_and_a_room_and_nothing_else() {
    let box7 = Box7::start();
    for flags in [
        ["--tls", ""],
        ["--tls-insecure", "--tls"],
        ["--login", "alice"],
        ["--password-file", "/etc/passwd"],
        ["--color", "never"],
        ["1234", ""],
    ] {
        let mut command = box7.session([]);
        command.args(flags.iter().filter(|flag| !flag.is_empty()));
        assert_eq!(run(&mut command).status, 2, "{flags:?}");
    }
    for target in ["localhost", "127.0.0.1:1234", "telnet://localhost", "http://localhost/"] {
        assert_eq!(run(&mut chat(target, ["--restricted"])).status, 2, "{target}");
    }
    let mut command = box7.session([]);
    command.args(["--nick", "ci", "--room", "dev"]);
    let ended = piped(&mut command, "hello\n");
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    assert!(ended.stdout.contains("-- you are now ci\n-- You are alone in dev.\n"), "{ended:?}");
}

#[test]
fn the_server_learns_where_the_ssh_client_is() {
    let box7 = Box7::start();
    for (connection, at) in [
        ("198.51.100.7 4321 192.0.2.7 2222", "198.51.100.7:4321"),
        ("2001:db8::9 4322 2001:db8::7 2222", "[2001:db8::9]:4322"),
    ] {
        piped(&mut box7.session([("SSH_CONNECTION", connection)]), "hi\n");
        box7.server.wait_log([&format!("connected from {at}")]);
    }
    let ended = piped(&mut box7.session([("SSH_CONNECTION", "198.51.100.7")]), "hi\n");
    assert_eq!((ended.status, &*ended.stderr), (2, "chat: SSH_CONNECTION is not what sshd sets\n"));
}

#[test]
fn name_and_room_are_those_of_the_command_or_the_name_is_that_of_a_variable() {
    let box7 = Box7::start();
    let [mut bob] = people(&box7.server, ["bob"]);
    bob.ask("/join dev");
    for (variables, said_by) in [
        ([("SSH_ORIGINAL_COMMAND", "alice dev"), ("CHAT_NICK", "mallory")], "alice"),
        ([("SSH_ORIGINAL_COMMAND", " carol  #dev "), ("CHAT_NICK", "")], "carol"),
        ([("SSH_ORIGINAL_COMMAND", ""), ("CHAT_NICK", "dan")], "dan"),
    ] {
        let mut command = box7.session(variables);
        command.args(["--nick", "other", "--room", "dev"]);
        assert_eq!(piped(&mut command, "hi\n").status, 0, "{said_by}");
        bob.wait_for(|line| line == format!("<{said_by}> hi"));
    }
    for no_name in ["a b", "", "/quit", "x\n/quit"] {
        let ended = piped(&mut box7.session([("CHAT_NICK", no_name)]), "/who\n");
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(ended.stdout.contains("You are guest"), "{ended:?}");
    }
    for command in ["rm -rf /; id", "scp -t /tmp", "alice dev now", " ", "/bin/sh", "alice;id"] {
        let ended = piped(&mut box7.session([("SSH_ORIGINAL_COMMAND", command)]), "hi\n");
        assert_eq!(ended.status, 2, "{command}");
        assert_eq!(ended.stderr, "usage: ssh -t chat@HOST [NICK [ROOM]]\n");
    }
}

#[test]
fn nothing_is_read_from_the_disk_or_written_there_and_nothing_suspends() {
    let box7 = Box7::start();
    let [mut bob] = people(&box7.server, ["bob"]);
    let home = TempDir::new();
    fs::create_dir(home.path("chatd")).unwrap();
    let past = home.file("chatd/chat_history", "of somebody else\n");
    let mut command = box7.session([("SSH_ORIGINAL_COMMAND", "alice")]);
    command.env("XDG_STATE_HOME", home.path("")).env("HOME", home.path(""));
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice.types("\x1b[A\x1ahello\r");
    bob.wait_for(|line| line == "<alice> hello");
    alice.types("\x1b[A");
    ends_in(&mut alice, &["> hello", "> hello"]);
    alice.types("\x15\x04");
    assert_eq!(alice.ends(), 0);
    assert_eq!(fs::read_to_string(past).unwrap(), "of somebody else\n");
    assert_eq!(home.names(), ["chatd"]);
    assert_eq!(fs::read_dir(home.path("chatd")).unwrap().count(), 1);
}

#[test]
fn a_hangup_ends_it() {
    let box7 = Box7::start();
    let [mut bob] = people(&box7.server, ["bob"]);
    let alice = Terminal::run(box7.session([("SSH_ORIGINAL_COMMAND", "alice")]));
    bob.wait_for(|line| line.starts_with("-- ") && line.contains("alice"));
    alice.signal(Signal::HUP);
    bob.wait_for(|line| line == "-- alice left: disconnected (1 here)");
}

#[test]
fn a_server_that_restarts_gets_the_session_back() {
    let box7 = Box7::start();
    let connection = [("SSH_CONNECTION", "198.51.100.7 4321 192.0.2.7 2222")];
    let mut command = box7.session(connection);
    command.args(["--nick", "alice"]);
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice"));
    let Box7 { server, dir } = box7;
    server.stop();
    alice.displays(|rows| rows.iter().any(|row| row.contains("; trying again in ")));
    let server = Server::with(["--unix", &dir.path("chatd.sock")]);
    server.wait_log(["alice", "(198.51.100.7:4321)"]);
}

//! Flags, environment and file: what they set, which of them wins, and how a mistake is reported.

use std::fs;
use std::net::{Ipv6Addr, TcpListener, TcpStream};

use crate::harness::{Client, HINT, Server, TempDir, chatd, run};

/// Every option of the text wire that takes a value, a value that does no harm, and one that no option takes.
const OPTIONS: [(&str, &str, &str); 12] = [
    ("port", "0", "65536"),
    ("bind", "127.0.0.1", "nowhere"),
    ("max-clients", "3", "many"),
    ("max-per-ip", "1", "-1"),
    ("max-line", "64", "1k?"),
    ("rate", "1000", "fast"),
    ("burst", "2000", "-2"),
    ("history", "1", "all"),
    ("send-queue", "65536", "endless"),
    ("idle-timeout", "30m", "soon"),
    ("name", "box7", ""),
    ("motd", "", ""),
];

fn breakable() -> impl Iterator<Item = (&'static str, &'static str)> {
    let options = OPTIONS.into_iter().filter(|(_, _, bad)| !bad.is_empty());
    options.map(|(option, _, bad)| (option, bad))
}

fn variable(option: &str) -> String {
    format!("CHATD_{}", option.replace('-', "_").to_uppercase())
}

/// What all of `OPTIONS` together make of a server.
#[track_caller]
fn assert_in_force(server: &Server) {
    let mut alice = Client::connect(server).welcomed();
    alice.expect("-- be kind");
    assert_eq!(alice.ask(&"x".repeat(65)), ["!! too long: 65 bytes, the limit is 64; not sent"]);
    alice.send("one\ntwo");
    alice.sync();
    let mut bob = Client::connect(server);
    assert!(bob.line().starts_with("-- Welcome to chatd on box7."));
    bob.expect(HINT);
    bob.expect("-- be kind");
    bob.expect_contains("> two");
    bob.expect("-- end of history");
    let _third = Client::guest(server);
    Client::connect(server).expect("!! the server is full (3 clients); try again later");
}

/// The value, or for the empty one the path of a MOTD.
fn filled(value: &str, dir: &TempDir) -> String {
    if value.is_empty() { dir.file("motd", "be kind\n") } else { value.to_owned() }
}

#[test]
fn every_option_is_taken_from_a_flag() {
    let dir = TempDir::new();
    let mut command = chatd();
    for (option, value, _) in OPTIONS {
        command.arg(format!("--{option}")).arg(filled(value, &dir));
    }
    assert_in_force(&Server::run(command));
}

#[test]
fn every_option_is_taken_from_the_environment() {
    let dir = TempDir::new();
    let mut command = chatd();
    for (option, value, _) in OPTIONS {
        command.env(variable(option), filled(value, &dir));
    }
    assert_in_force(&Server::run(command));
}

#[test]
fn every_option_is_taken_from_the_file() {
    let dir = TempDir::new();
    let file = OPTIONS.map(|(option, value, _)| match value.parse::<u64>() {
        Ok(number) => format!("{option} = {number}\n"),
        Err(_) => format!("{option} = '{}'\n", filled(value, &dir)),
    });
    let mut command = chatd();
    command.args(["--config", &dir.file("chatd.toml", file.concat())]);
    assert_in_force(&Server::run(command));
}

#[test]
fn the_file_and_the_port_file_may_be_named_in_the_environment() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "name = 'filed'\nport = 0\nbind = '127.0.0.1'\n");
    let ports = dir.path("ports");
    let mut command = chatd();
    command.env("CHATD_CONFIG", config).env("CHATD_PORT_FILE", &ports);
    let server = Server::run_at(command, &ports);
    Client::connect(&server).expect_contains("-- Welcome to chatd on filed.");
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "name = 'file'\nmax-line = 30\nhistory = 1\n");
    let mut command = chatd();
    command.args(["--config", &config, "--bind", "127.0.0.1", "--port", "0", "--name", "flag"]);
    command.env("CHATD_NAME", "environment").env("CHATD_MAX_LINE", "20");
    let server = Server::run(command);
    let mut alice = Client::connect(&server);
    alice.expect_contains("-- Welcome to chatd on flag.");
    alice.expect(HINT);
    alice.send(&"x".repeat(21));
    alice.expect("!! too long: 21 bytes, the limit is 20; not sent");
    alice.send("one\ntwo");
    alice.sync();
    Client::guest(&server).expect_contains("> two");
}

#[test]
fn verbosity_is_a_number_in_the_environment_and_the_file() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "verbose = 1\n");
    let (mut variable, mut file) = (chatd(), chatd());
    variable.env("CHATD_VERBOSE", "1");
    file.args(["--config", &config]);
    for mut command in [variable, file] {
        command.args(["--bind", "127.0.0.1", "--port", "0"]);
        let server = Server::run(command);
        Client::guest(&server).ask("logged at debug level only");
        server.wait_log(["logged at debug level only"]);
    }
}

#[test]
fn short_flags_are_known() {
    let mut command = chatd();
    command.args(["-p", "0", "-b", "127.0.0.1"]);
    Client::guest(&Server::run(command)).expect_nothing();
}

#[test]
fn bind_is_repeatable_by_flag_variable_and_file() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "bind = ['127.0.0.1', '127.0.0.2']\n");
    let mut flags = chatd();
    flags.args(["--bind", "127.0.0.1", "--bind", "127.0.0.2"]);
    let mut variable = chatd();
    variable.env("CHATD_BIND", "127.0.0.1,127.0.0.2");
    let mut file = chatd();
    file.args(["--config", &config]);
    for (source, mut command) in [("flags", flags), ("variable", variable), ("file", file)] {
        let ports = dir.path(source);
        command.args(["--port", "0", "--port-file", &ports]);
        let _server = Server::run_at(command, &ports);
        let ports = fs::read_to_string(ports).unwrap();
        let ports = ports.lines().map(|line| line.strip_prefix("text ").unwrap());
        let ports: Vec<u16> = ports.map(|port| port.parse().unwrap()).collect();
        assert_eq!(ports.len(), 2, "one line a listener");
        for address in ["127.0.0.1", "127.0.0.2"] {
            let reached = |port: &u16| TcpStream::connect((address, *port)).is_ok();
            assert!(ports.iter().any(reached), "{address} by {source}");
        }
    }
}

#[test]
fn by_default_it_listens_on_both_families() {
    let mut command = chatd();
    command.args(["--port", "0"]);
    let server = Server::run(command);
    Client::guest(&server).expect_nothing();
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let stream = TcpStream::connect((Ipv6Addr::LOCALHOST, server.port())).unwrap();
        Client::over(stream).welcomed().expect_nothing();
    }
}

#[test]
fn the_port_file_appears_whole_and_leaves_nothing_beside_it() {
    let dir = TempDir::new();
    let ports = dir.file("ports", "what an earlier run left\n");
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--port-file", &ports]);
    let server = Server::run_at(command, &ports);
    assert_eq!(fs::read_to_string(&ports).unwrap(), format!("text {}\n", server.port()));
    assert_eq!(dir.names(), ["ports"]);
    server.wait_log([&format!("127.0.0.1:{}", server.port())]);
}

#[test]
fn a_bad_flag_is_named() {
    for (option, bad) in breakable() {
        let ended = run(chatd().arg(format!("--{option}={bad}")));
        assert_eq!(ended.status, 2, "{option}");
        assert!(ended.first_line().contains(&format!("--{option}")), "{}", ended.stderr);
    }
}

#[test]
fn an_unknown_or_unfinished_flag_is_named() {
    for (flags, named) in [(["--bogus", "1"], "--bogus"), (["-q", "--port"], "--port")] {
        let ended = run(chatd().args(flags));
        assert_eq!(ended.status, 2, "{flags:?}");
        assert!(ended.first_line().contains(named), "{}", ended.stderr);
    }
}

#[test]
fn a_bad_variable_is_named_even_where_a_flag_overrides_it() {
    for (option, bad) in breakable() {
        let ended = run(chatd().env(variable(option), bad));
        assert_eq!(ended.status, 2, "{option}");
        assert!(ended.first_line().contains(&variable(option)), "{}", ended.stderr);
    }
    let ended = run(chatd().args(["--port", "0"]).env("CHATD_PORT", "nope"));
    assert_eq!(ended.status, 2);
    assert!(ended.first_line().contains("CHATD_PORT"), "{}", ended.stderr);
}

#[test]
fn a_bad_value_in_the_file_is_named_with_its_key() {
    let dir = TempDir::new();
    for (option, bad) in breakable() {
        let path = dir.file("chatd.toml", format!("name = 'box7'\n{option} = '{bad}'\n"));
        let ended = run(chatd().args(["--config", &path]));
        assert_eq!(ended.status, 2, "{option}");
        let first = ended.first_line();
        assert!(first.contains(&path) && first.contains(option), "{}", ended.stderr);
    }
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
    let dir = TempDir::new();
    for key in ["prot", "max_line", "Port"] {
        let path = dir.file("chatd.toml", format!("port = 0\n{key} = 1\n"));
        let ended = run(chatd().args(["--config", &path]));
        assert_eq!(ended.status, 2, "{key}");
        let first = ended.first_line();
        assert!(first.contains(&path) && first.contains(key), "{}", ended.stderr);
    }
}

#[test]
fn a_file_that_is_not_toml_or_not_readable_is_named() {
    let dir = TempDir::new();
    let garbage = dir.file("garbage.toml", "port = = 1\n");
    for path in [garbage, dir.path("missing.toml"), dir.path("")] {
        let ended = run(chatd().args(["--config", &path]));
        assert_eq!(ended.status, 2, "{path}");
        assert!(ended.first_line().contains(&path), "{}", ended.stderr);
    }
}

#[test]
fn an_unreadable_motd_is_named_with_where_it_was_asked_for() {
    let dir = TempDir::new();
    let missing = dir.path("motd");
    let config = dir.file("chatd.toml", format!("motd = '{missing}'\n"));
    let by_flag = run(chatd().args(["--motd", &missing]));
    let by_variable = run(chatd().env("CHATD_MOTD", &missing));
    let by_file = run(chatd().args(["--config", &config]));
    for (ended, named) in [(by_flag, "--motd"), (by_variable, "CHATD_MOTD"), (by_file, &*config)] {
        assert_eq!(ended.status, 2, "{named}");
        let first = ended.first_line();
        assert!(first.contains(named) && first.contains(&missing), "{}", ended.stderr);
    }
}

#[test]
fn mistakes_are_found_before_anything_is_bound() {
    let dir = TempDir::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let place = ["--bind", "127.0.0.1", "--port", &port];
    let mistakes =
        [["--motd", &dir.path("missing")], ["--config", &dir.file("chatd.toml", "nonsense = 1\n")]];
    for mistake in mistakes {
        let ended = run(chatd().args(place).args(mistake));
        assert_eq!(ended.status, 2, "a port that is taken was noticed first: {}", ended.stderr);
    }
}

#[test]
fn a_port_that_is_taken_is_one_clear_line() {
    // The default address, or what it falls back to where IPv6 is off.
    let taken = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
    let taken = taken.local_addr().unwrap();
    let ended = run(chatd().args(["--port", &taken.port().to_string()]));
    let report = format!("chatd: cannot listen on {taken}: Address already in use (os error 98)\n");
    assert_eq!((ended.status, ended.stderr), (1, report));
}

#[test]
fn the_default_port_is_1234() {
    // Taken by this test, or by somebody else already.
    let _taken = TcpListener::bind("[::]:1234").or_else(|_| TcpListener::bind("0.0.0.0:1234"));
    let ended = run(&mut chatd());
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    assert!(ended.first_line().contains(":1234: Address already in use"), "{}", ended.stderr);
}

#[test]
fn the_help_names_every_option_and_the_version_is_told() {
    let help = run(chatd().arg("--help"));
    assert_eq!((help.status, &*help.stderr), (0, ""));
    let others = ["config", "port-file"];
    for option in OPTIONS.iter().map(|(option, ..)| *option).chain(others) {
        assert!(help.stdout.contains(&format!("--{option}")), "{option} in {}", help.stdout);
    }
    let version = run(chatd().arg("--version"));
    let expected = format!("chatd {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.status, version.stdout), (0, expected));
}

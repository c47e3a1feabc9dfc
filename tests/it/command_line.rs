//! Flags, environment and file: what they set, and which of them overrides which.

pub(crate) mod cluster;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use chatd::config::{self, Config, Durability};
use chatd::store::Retention;

use crate::harness::{Client, HINT, Identity, Server, TempDir, chatd, connect, run};
use crate::metrics;

/// Every setting that takes a value, a value that does no harm (`""` for a path of the test's own),
/// and one that it does not take.
pub(crate) const OPTIONS: [(&str, &str, &str); 29] = [
    ("port", "0", "65536"),
    ("bind", "127.0.0.1", "nowhere"),
    ("max-clients", "3", "many"),
    ("max-per-ip", "1", "-1"),
    ("max-line", "64", "1k?"),
    ("rate", "1000", "fast"),
    ("burst", "2000", "-2"),
    ("history", "1", "all"),
    ("send-queue", "65536", "endless"),
    ("senders", "2", "0"),
    ("idle-timeout", "30m", "soon"),
    ("name", "box7", ""),
    ("motd", "", ""),
    ("web-port", "0", "65536"),
    ("web-origin", "https://box7.example.org", "https://box7.example.org/chat"),
    ("tls-port", "0", "-1"),
    ("irc-port", "0", "irc"),
    ("irc-tls-port", "0", "65536"),
    ("tls-cert", "", "/nowhere/cert.pem"),
    ("tls-key", "", "/nowhere/key.pem"),
    ("metrics", "127.0.0.1:0", "9134"),
    ("state-dir", "", ""),
    ("durability", "relaxed", "sometimes"),
    ("keep", "90d", "for long"),
    ("keep-lines", "2", "0"),
    ("trust-proxy", "192.0.2.0/24", "192.0.2.0/33"),
    ("unix", "", ""),
    ("unix-mode", "600", "800"),
    ("unix-group", "", "no-such-group"),
];

/// The other options, which tests of their own are about.
#[rustfmt::skip]
const OTHERS: [&str; 12] = [
    "port-file", "config", "check", "verbose", "quiet", "help", "version",
    "cluster", "node", "cluster-key", "cluster-password-file", "cluster-prefix",
];

pub(crate) fn variable(option: &str) -> String {
    format!("CHATD_{}", option.replace('-', "_").to_uppercase())
}

/// The paths among the values, and who the server is by them.
struct Files {
    dir: TempDir,
    identity: Identity,
}

impl Files {
    fn new() -> Self {
        let files = Files { dir: TempDir::new(), identity: Identity::new() };
        files.identity.save(&files.dir);
        files.dir.file("motd", "be kind\n");
        files
    }

    /// All of `OPTIONS`, with their values.
    fn settings(&self) -> [(&'static str, String); OPTIONS.len()] {
        OPTIONS.map(|(option, value, _)| match option {
            "motd" => (option, self.dir.path("motd")),
            "tls-cert" => (option, self.dir.path("cert.pem")),
            "tls-key" => (option, self.dir.path("key.pem")),
            "state-dir" => (option, self.dir.path("")),
            "unix" => (option, self.dir.path("chatd.sock")),
            "unix-group" => (option, rustix::process::getegid().as_raw().to_string()),
            _ => (option, value.to_owned()),
        })
    }

    /// What all of `OPTIONS` together make of a server.
    #[track_caller]
    fn assert_in_force(&self, command: Command) {
        assert_kept(&settings_of(&command));
        let server = &Server::run(command);
        let mut alice = Client::connect(server).welcomed();
        alice.expect("-- be kind");
        let refusal = "!! too long: 65 bytes, the limit is 64; not sent";
        assert_eq!(alice.ask(&"x".repeat(65)), [refusal]);
        alice.send("one\ntwo");
        alice.sync();
        assert!(server.thread_names().contains(&"sender".to_owned()));
        let trusted = self.identity.trusted();
        let mut bob = Client::connect_tls(server, "tls", &trusted);
        assert!(bob.line().starts_with("-- Welcome to chatd on box7."));
        bob.expect(HINT);
        bob.expect("-- be kind");
        bob.expect_contains("> two");
        bob.expect("-- end of history");
        let question = b"GET /healthz HTTP/1.1\r\nHost: box7.example.org\r\n\r\n";
        let health = Client::over(connect(server.addr_of("web")));
        let mut health = health.shaking_hands(&trusted).unwrap();
        health.send_raw(question);
        assert!(health.line().starts_with("HTTP/1.1 200 "));
        assert!(metrics::get(server, "/metrics").starts_with("HTTP/1.1 200 "));
        assert_ne!(server.addr_of("irc"), server.addr_of("irc-tls"));
        let _third = Client::guest(server);
        Client::connect(server).expect("!! the server is full (3 clients); try again later");
        assert!(self.dir.names().contains(&"chatd.db".to_owned()));
        let socket = fs::metadata(self.dir.path("chatd.sock")).unwrap();
        assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    }
}

/// The settings that a command leads to.
fn settings_of(command: &Command) -> Config {
    let given = command.get_args().map(Into::into);
    let set = command.get_envs().filter_map(|(key, value)| Some((key.into(), value?.into())));
    config::load(["chatd".into()].into_iter().chain(given), set).unwrap()
}

/// What shows only when the power fails, or after a long time, is as in `OPTIONS`.
#[track_caller]
fn assert_kept(config: &Config) {
    assert_eq!(config.durability, Durability::Relaxed);
    let age = Some(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(config.retention(), Retention { age, lines: Some(2) });
    let is_listed = |ip: &str| config.proxies().contain(ip.parse().unwrap());
    assert!(is_listed("192.0.2.255") && !is_listed("192.0.3.0"));
}

#[test]
fn every_option_is_taken_from_a_flag() {
    let files = Files::new();
    let mut command = chatd();
    for (option, value) in files.settings() {
        command.arg(format!("--{option}")).arg(value);
    }
    files.assert_in_force(command);
}

#[test]
fn every_option_is_taken_from_the_environment() {
    let files = Files::new();
    let mut command = chatd();
    for (option, value) in files.settings() {
        command.env(variable(option), value);
    }
    files.assert_in_force(command);
}

#[test]
fn every_option_is_taken_from_the_file() {
    let files = Files::new();
    let lines = files.settings().map(|(option, value)| match value.parse::<u64>() {
        Ok(number) => format!("{option} = {number}\n"),
        Err(_) => format!("{option} = '{value}'\n"),
    });
    let mut command = chatd();
    command.args(["--config", &files.dir.file("chatd.toml", lines.concat())]);
    files.assert_in_force(command);
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
fn verbose_flags_beat_a_quiet_environment() {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "-v"]).env("CHATD_QUIET", "1");
    let server = Server::run(command);
    Client::guest(&server).ask("logged at debug level only");
    server.wait_log(["logged at debug level only"]);
}

#[test]
fn a_variable_that_is_no_setting_is_named_in_the_log() {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0"]).env("CHATD_PROT", "1234");
    Server::run(command).wait_log(["CHATD_PROT"]);
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
fn the_port_file_takes_the_place_of_another_or_of_a_link() {
    let dir = TempDir::new();
    let old = dir.file("old", "old");
    let (file, link) = (dir.path("file"), dir.path("link"));
    fs::hard_link(&old, &file).unwrap();
    symlink(&old, &link).unwrap();
    for ports in [file, link] {
        let mut held = File::open(&ports).unwrap();
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--port-file", &ports]);
        let _server = Server::run_at(command, &ports);
        let mut text = String::new();
        held.read_to_string(&mut text).unwrap();
        assert_eq!((&*text, &*fs::read_to_string(&old).unwrap()), ("old", "old"), "{ports}");
    }
}

#[test]
fn a_link_planted_where_the_port_file_is_prepared_is_not_followed() {
    let dir = TempDir::new();
    let (kept, ports) = (dir.file("kept", "old"), dir.path("ports"));
    let mut shell = Command::new("sh");
    // It keeps the number of the process, which is in the name.
    shell.args([
        "-c",
        "ln -s \"$1\" \"$2.$$\"; exec \"$0\" --bind 127.0.0.1 -p 0 --port-file \"$2\"",
    ]);
    shell.args([env!("CARGO_BIN_EXE_chatd"), &kept, &ports]).stderr(Stdio::piped());
    let _server = Server::run_at(shell, &ports);
    assert_eq!(fs::read_to_string(kept).unwrap(), "old");
}

#[test]
fn both_wildcards_can_be_named_together() {
    // A port that is free for both, if there are both.
    let Ok(free) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) else { return };
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let mut command = chatd();
    command.args(["--bind", "::", "--bind", "0.0.0.0", "--port", &port]);
    let server = Server::run(command);
    Client::guest(&server).expect_nothing();
    let stream = TcpStream::connect((Ipv6Addr::LOCALHOST, server.port())).unwrap();
    Client::over(stream).welcomed().expect_nothing();
}

#[test]
fn the_default_port_is_1234() {
    // Taken by this test, or by somebody else already.
    let _taken = TcpListener::bind("[::]:1234").or_else(|_| TcpListener::bind("0.0.0.0:1234"));
    let ended = run(&mut chatd());
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    assert!(ended.first_line().contains(":1234: Address already in use"), "{}", ended.stderr);
}

/// The long options that `--help` lists: each line begins with its short one, if it has one.
fn listed(help: &str) -> BTreeSet<&str> {
    let options = help.lines().filter_map(|line| {
        let (before, rest) = line.split_once("--")?;
        let is_list = line.starts_with(' ') && before.trim_start().len() <= "-p, ".len();
        is_list.then(|| rest.split(|c| !matches!(c, 'a'..='z' | '-')).next())?
    });
    options.collect()
}

#[test]
fn the_help_lists_the_options_that_are_tested_and_the_version_is_told() {
    let help = run(chatd().arg("--help"));
    assert_eq!((help.status, &*help.stderr), (0, ""));
    assert!(help.stdout.starts_with("A chat server for netcat and telnet\n"), "{}", help.stdout);
    let tested = OPTIONS.iter().map(|(option, ..)| *option).chain(OTHERS);
    assert_eq!(listed(&help.stdout), tested.collect());
    let version = run(chatd().arg("--version"));
    let expected = format!("chatd {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.status, version.stdout), (0, expected));
}

//! Mistakes in the settings: each is reported by name, before the server binds a port.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::command_line::{OPTIONS, variable};
use crate::harness::{Ended, TempDir, chatd, run};

fn breakable() -> impl Iterator<Item = (&'static str, &'static str)> {
    let options = OPTIONS.into_iter().filter(|(_, _, bad)| !bad.is_empty());
    options.map(|(option, _, bad)| (option, bad))
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
    let twice = dir.file("twice.toml", "port = 1\nport = 2\n");
    let ended = run(chatd().args(["--config", &twice]));
    let expected = format!("chatd: {twice}: line 2: port = 2: duplicate key");
    assert_eq!((ended.status, ended.first_line()), (2, &*expected));
}

#[test]
fn a_path_that_cannot_be_a_state_directory_is_named_with_where_it_was_asked_for() {
    let dir = TempDir::new();
    let file = dir.file("notes", "");
    let config = dir.file("chatd.toml", format!("state-dir = '{file}'\n"));
    let by_flag = run(chatd().args(["--state-dir", &file]));
    let by_variable = run(chatd().env("CHATD_STATE_DIR", &file));
    let by_file = run(chatd().args(["--config", &config]));
    for (ended, named) in [
        (by_flag, "--state-dir"),
        (by_variable, "CHATD_STATE_DIR"),
        (by_file, &format!("{config}: state-dir")),
    ] {
        let expected = format!("chatd: {named}: cannot use {file}: not a directory");
        assert_eq!((ended.status, ended.first_line()), (2, &*expected));
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
fn a_negative_number_is_a_bad_value_of_its_flag() {
    for option in ["--port", "--rate"] {
        let ended = run(chatd().args([option, "-1"]));
        assert_eq!(ended.status, 2, "{option}");
        assert!(ended.first_line().contains(&format!("'{option} ")), "{}", ended.stderr);
    }
}

#[test]
fn a_motd_that_is_no_file_is_named() {
    let dir = TempDir::new();
    let fifo = dir.path("fifo");
    assert_eq!(run(Command::new("mkfifo").arg(&fifo)).status, 0);
    for path in [fifo, dir.path("")] {
        let ended = run(chatd().args(["--motd", &path]));
        assert_eq!(ended.status, 2, "{path}");
        assert!(ended.first_line().contains("--motd"), "{}", ended.stderr);
    }
}

#[test]
fn a_file_names_no_other_file_and_no_empty_list() {
    let dir = TempDir::new();
    for (key, line) in [("config", "config = 'other.toml'"), ("bind", "bind = []")] {
        let path = dir.file("chatd.toml", line);
        let ended = run(chatd().args(["--config", &path]));
        assert_eq!(ended.status, 2, "{line}");
        let first = ended.first_line();
        assert!(first.contains(&path) && first.contains(&format!(" {key}:")), "{}", ended.stderr);
    }
}

/// The program with its stderr where the shell puts it.
fn complaining_to(stderr: &str, flags: [&str; 2]) -> Ended {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$0\" \"$@\" {stderr}"), env!("CARGO_BIN_EXE_chatd")]);
    run(shell.args(flags).stdin(Stdio::null()))
}

#[test]
fn a_mistake_that_nobody_can_be_told_of_is_still_in_the_exit_status() {
    for stderr in ["2>&-", "2>/dev/full"] {
        assert_eq!(complaining_to(stderr, ["--port", "nowhere"]).status, 2, "{stderr}");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("--port={}", taken.local_addr().unwrap().port());
        assert_eq!(complaining_to(stderr, ["--bind=127.0.0.1", &port]).status, 1, "{stderr}");
    }
}

#[test]
fn a_check_finds_what_a_start_would_complain_of() {
    let dir = TempDir::new();
    let gone = dir.path("gone");
    let broken = dir.file("broken.pem", "-----BEGIN CERTIFICATE-----\n");
    let unknown = dir.file("chatd.toml", "prot = 1234\n");
    for flags in [
        vec!["--config", &unknown],
        vec!["--config", &gone],
        vec!["--motd", &gone],
        vec!["--web-port", "0", "--tls-cert", &broken, "--tls-key", &broken],
        vec!["--tls-port", "0"],
        vec!["--irc-tls-port", "0"],
        vec!["--port", "nowhere"],
        vec!["--state-dir", &broken],
    ] {
        let start = run(chatd().args(&flags));
        let check = run(chatd().args(&flags).arg("--check"));
        assert_eq!((check.status, &check.stderr), (2, &start.stderr), "{flags:?}");
    }
}

#[test]
fn a_check_says_nothing_of_good_settings_and_starts_nothing() {
    let dir = TempDir::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let settings =
        format!("bind = '127.0.0.1'\nport = {port}\nport-file = '{}'\n", dir.path("ports"));
    let file = dir.file("chatd.toml", settings);
    let ended = run(chatd().args(["--config", &file, "--check"]));
    assert_eq!((ended.status, &*ended.stdout, &*ended.stderr), (0, "", ""));
    assert_eq!(dir.names(), ["chatd.toml"]);
    let ended = run(chatd().arg("--check").env("CHATD_COLOUR", "green"));
    let expected = "chatd: CHATD_COLOUR is set, but there is no such setting";
    assert_eq!((ended.status, ended.first_line()), (0, expected));
}

#[test]
fn a_check_is_asked_for_on_the_command_line_only() {
    let dir = TempDir::new();
    let file = dir.file("chatd.toml", "check = true\n");
    let ended = run(chatd().args(["--config", &file]));
    assert!(ended.first_line().contains("check: no such setting"), "{}", ended.stderr);
    let ended = run(chatd().arg("--check").env("CHATD_CHECK", "true"));
    assert_eq!((ended.status, ended.first_line().contains("CHATD_CHECK")), (0, true));
}

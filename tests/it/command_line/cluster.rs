//! The options of a node of a cluster.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use chatd::config::{self, Cluster, Stop};

use crate::harness::{Ended, RedisServer, Server, Signal, TempDir, chatd, run};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A file with that mode; returns its path.
pub(crate) fn secret(dir: &TempDir, name: &str, contents: &str, mode: u32) -> String {
    let path = dir.file(name, contents);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn key(dir: &TempDir) -> String {
    secret(dir, "key", KEY, 0o600)
}

/// What these arguments and variables lead to.
fn load(args: &[&str], variables: &[(&str, &str)]) -> Result<Option<Cluster>, String> {
    let args = ["chatd"].iter().chain(args).map(Into::into);
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    match config::load(args, variables) {
        Ok(config) => Ok(config.cluster),
        Err(Stop::Wrong(text)) => Err(text),
        Err(Stop::Answered(text)) => panic!("{text}"),
    }
}

#[track_caller]
fn assert_loaded(cluster: &Cluster) {
    let servers: Vec<_> = cluster.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["redis://box1:6379", "redis+sentinel://a:26379,b:26379/main"]);
    assert_eq!((&*cluster.node, &*cluster.prefix), ("Box_7.lan-a", "talk"));
    assert_eq!(cluster.key.as_bytes(), KEY.as_bytes());
    assert_eq!(cluster.password.as_ref().map(|password| &*password.0), Some("open sesame"));
    let shown = format!("{cluster:?}");
    assert!(!shown.contains("open sesame") && !shown.contains("[48, 49"), "{shown}");
}

#[test]
fn the_cluster_is_taken_from_flags_the_environment_or_the_file() {
    let dir = TempDir::new();
    let (key, password) = (key(&dir), secret(&dir, "password", "open sesame\r\n", 0o640));
    let [one, two] = ["redis://box1", "redis+sentinel://a,b/main"];
    #[rustfmt::skip]
    let flags = [
        "--cluster", one, "--cluster", two, "--node", "Box_7.lan-a", "--cluster-key", &key,
        "--cluster-password-file", &password, "--cluster-prefix", "talk",
    ];
    assert_loaded(&load(&flags, &[]).unwrap().unwrap());
    let variables = [
        ("CHATD_CLUSTER", &*format!("{one} {two}")),
        ("CHATD_NODE", "Box_7.lan-a"),
        ("CHATD_CLUSTER_KEY", &key),
        ("CHATD_CLUSTER_PASSWORD", "open sesame"),
        ("CHATD_CLUSTER_PREFIX", "talk"),
    ];
    assert_loaded(&load(&[], &variables).unwrap().unwrap());
    let settings = format!(
        "cluster = ['{one}', '{two}']\nnode = 'Box_7.lan-a'\ncluster-key = '{key}'\n\
         cluster-password-file = '{password}'\ncluster-prefix = 'talk'\n"
    );
    let file = dir.file("chatd.toml", settings);
    assert_loaded(&load(&["--config", &file], &[]).unwrap().unwrap());
}

#[test]
fn a_node_is_called_like_its_host_and_needs_no_password() {
    let dir = TempDir::new();
    let named = load(&["--cluster", "redis://box1", "--cluster-key", &key(&dir)], &[]);
    let named = named.unwrap().unwrap();
    let host = run(&mut Command::new("hostname")).stdout;
    assert_eq!((&*named.node, &*named.prefix, named.password), (host.trim(), "chatd", None));
    assert_eq!(load(&["--node", "box7"], &[]), Ok(None));
}

#[test]
fn a_key_that_is_missing_short_or_readable_by_others_is_refused() {
    let dir = TempDir::new();
    let refused = |args: &[&str]| {
        let ended = run(chatd().args(["--cluster", "redis://box1", "--check"]).args(args));
        assert_eq!((ended.status, &*ended.stdout), (2, ""), "{}", ended.stderr);
        assert!(!ended.stderr.contains(KEY), "{}", ended.stderr);
        ended.first_line().to_owned()
    };
    assert_eq!(refused(&[]), "chatd: --cluster: requires --cluster-key");
    let nowhere = dir.path("nowhere");
    for (file, why) in [
        (nowhere, "cannot read the file: No such file"),
        (secret(&dir, "short", &format!("{}\n", &KEY[1..]), 0o600), "31 bytes, and needs 32"),
        (secret(&dir, "open", KEY, 0o644), "others can read or change the file (mode 644)"),
        (secret(&dir, "shared", KEY, 0o660), "(mode 660)"),
        (secret(&dir, "long", &KEY.repeat(129), 0o600), "longer than 4096 bytes"),
    ] {
        let line = refused(&["--cluster-key", &file]);
        assert!(line.contains("--cluster-key") && line.contains(why), "{line}");
    }
    let readable = secret(&dir, "password", "open sesame", 0o604);
    let line = refused(&["--cluster-key", &key(&dir), "--cluster-password-file", &readable]);
    assert!(line.contains("--cluster-password-file") && line.contains("mode 604"), "{line}");
    for (mode, name) in [(0o400, "own"), (0o440, "both"), (0o640, "group")] {
        let key = secret(&dir, name, &format!("{KEY}\n"), mode);
        let loaded = load(&["--cluster", "redis://box1", "--cluster-key", &key], &[]);
        assert_eq!(loaded.unwrap().unwrap().key.as_bytes(), KEY.as_bytes(), "{mode:o}");
    }
    let random = secret(&dir, "random", &format!("\0{}\r\n", &KEY[3..]), 0o600);
    let loaded = load(&["--cluster", "redis://box1", "--cluster-key", &random], &[]);
    assert_eq!(loaded.unwrap().unwrap().key.as_bytes().len(), 32, "random bytes have no line end");
}

#[test]
fn an_address_in_the_environment_may_have_the_password() {
    let dir = TempDir::new();
    let key = key(&dir);
    for (url, bare) in [
        ("redis://:sesame@box1", "redis://box1:6379"),
        ("redis://chat:ses@me@box1", "redis://chat@box1:6379"),
        ("redis+sentinel://:x@box1,box2/main", "redis+sentinel://box1:26379,box2:26379/main"),
    ] {
        let loaded = load(&["--cluster-key", &key], &[("CHATD_CLUSTER", url)]).unwrap().unwrap();
        assert_eq!(loaded.servers[0].to_string(), bare);
        let password = loaded.password.map(|password| password.0);
        let sent = url.split_once("://").unwrap().1.split_once(':').unwrap().1;
        assert_eq!(password.as_deref(), sent.rsplit_once('@').map(|(password, _)| password));
    }
}

#[test]
fn a_password_is_taken_from_nowhere_else_and_never_shown() {
    let dir = TempDir::new();
    let key = key(&dir);
    let with = |url: &str, more: &[&str], variables: &[(&str, &str)]| {
        let args = ["--cluster", url, "--cluster-key", &key];
        load(&[&args[..], more].concat(), variables).unwrap_err()
    };
    for url in ["redis://:sesame@box1", "redis://chat:sesame@box1", "redis//chat:sesame@box1"] {
        let refused = with(url, &[], &[]);
        assert!(refused.starts_with("chatd: --cluster: "), "{refused}");
        assert!(!refused.contains("sesame"), "{refused}");
    }
    let malformed = [("CHATD_CLUSTER", "redis//chat:sesame@box1")];
    let refused = load(&["--cluster-key", &key], &malformed).unwrap_err();
    assert!(refused.starts_with("chatd: CHATD_CLUSTER: "), "{refused}");
    assert!(!refused.contains("sesame"), "{refused}");
    let refused = with("redis://:sesame@box1", &[], &[]);
    assert!(refused.contains("use --cluster-password-file"), "{refused}");
    let refused = with("redis://box1", &["--cluster-password", "sesame"], &[]);
    assert!(refused.contains("unexpected argument '--cluster-password'"), "{refused}");
    let file = dir.file("chatd.toml", "cluster-password = 'sesame'\n");
    let refused = with("redis://box1", &["--config", &file], &[]);
    assert!(refused.contains("no such setting") && !refused.contains("sesame"), "{refused}");
    let file = secret(&dir, "password", "sesame", 0o600);
    let twice = ["--cluster-password-file", &file];
    let refused = with("redis://box1", &twice, &[("CHATD_CLUSTER_PASSWORD", "sesame")]);
    assert_eq!(
        refused,
        "chatd: --cluster-password-file: cannot be used with CHATD_CLUSTER_PASSWORD\n"
    );
    let refused = with("redis://box1", &[], &[("CHATD_CLUSTER_PASSWORD", "")]);
    assert_eq!(refused, "chatd: CHATD_CLUSTER_PASSWORD: it is empty, or not UTF-8\n");
}

/// Runs `--check` with the cluster of that URL; it has to succeed.
#[track_caller]
fn checked(url: &str) -> Ended {
    let dir = TempDir::new();
    let ended = run(chatd().args(["--check", "--cluster", url, "--cluster-key", &key(&dir)]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    ended
}

#[test]
fn a_cluster_that_does_not_answer_is_a_warning_of_check() {
    let refused = checked("redis://127.0.0.1:1");
    assert!(refused.first_line().starts_with("chatd: --cluster: "), "{}", refused.stderr);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    // More servers than a restart would wait for.
    let silent = checked(&[&*url; 9].join(" "));
    assert!(silent.first_line().starts_with("chatd: --cluster: "), "{}", silent.stderr);
    assert_eq!((refused.stdout, silent.stdout), (String::new(), String::new()));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn check_says_what_is_in_the_log_of_the_cluster() {
    let redis = RedisServer::start();
    let seen = checked(&redis.url());
    assert!(seen.stdout.ends_with(", no cluster yet\n"), "{}", seen.stdout);
    assert_eq!(seen.stderr, "");
}

#[test]
fn names_with_other_characters_are_refused() {
    let long = "x".repeat(33);
    for name in ["", "two words", "{chatd}", "böx", "a:b", "a|b", &long] {
        for option in ["--node", "--cluster-prefix"] {
            let refused = load(&[&format!("{option}={name}")], &[]).unwrap_err();
            assert!(refused.contains("1 to 32 letters, digits, and . _ -"), "{refused}");
        }
    }
}

#[test]
fn without_a_cluster_its_other_options_are_warned_of() {
    let dir = TempDir::new();
    let server = Server::with(["--node", "box7", "--cluster-key", &key(&dir)]);
    for option in ["node", "cluster-key"] {
        server.wait_log([&format!("{option} is set, but cluster is not")]);
    }
}

#[test]
fn a_changed_cluster_takes_a_restart() {
    let dir = TempDir::new();
    let file = dir.file("chatd.toml", "");
    let server = Server::with(["--config", &file]);
    let key = key(&dir);
    dir.file("chatd.toml", format!("cluster = 'redis://127.0.0.1:1'\ncluster-key = '{key}'\n"));
    server.signal(Signal::HUP);
    server.wait_log(["cluster was changed; restart chatd to apply it"]);
}

#[test]
fn each_changed_option_of_a_cluster_is_named() {
    let dir = TempDir::new();
    let key = key(&dir);
    let other = secret(&dir, "other", &KEY.to_uppercase(), 0o600);
    let config = |args: &[&str]| {
        let first = ["chatd", "--cluster-key", &key, "--cluster=redis://a"];
        config::load(first.iter().chain(args).map(Into::into), []).unwrap()
    };
    let started = config(&["--node", "a"]);
    for (args, changed) in [
        (vec!["--node", "a"], None),
        (vec!["--node", "b"], Some("node")),
        (vec!["--node", "a", "--cluster", "redis://b"], Some("cluster")),
        (vec!["--node", "a", "--cluster-prefix", "b"], Some("cluster-prefix")),
    ] {
        let changed: Vec<_> = changed.into_iter().collect();
        let mut reloaded = config(&args);
        assert_eq!(started.fixed_differences(&reloaded), changed);
        reloaded.keep_fixed(&started);
        assert_eq!(reloaded.cluster, started.cluster);
    }
    let args = ["chatd", "--cluster-key", &other, "--cluster=redis://a", "--node", "a"];
    let reloaded = config::load(args.map(Into::into), []).unwrap();
    assert_eq!(started.fixed_differences(&reloaded), ["cluster-key"]);
}

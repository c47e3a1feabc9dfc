//! Real curl, as people and scripts call it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::tokens::with_alice_and_a_token;
use crate::harness::{Ended, Identity, Server, TempDir, people, run};
use crate::restart::switch;

/// A shell that runs this, in which `box7:8080` stands for the server.
pub(super) fn shell(server: &Server, script: &str) -> Command {
    let mut shell = Command::new("sh");
    let addr = server.addr_of("web").to_string();
    shell.args(["-c", &script.replace("box7:8080", &addr)]).stdin(Stdio::null());
    shell
}

#[track_caller]
fn runs(server: &Server, script: &str) -> Ended {
    let ended = run(&mut shell(server, script));
    assert_eq!(ended.status, 0, "{script}: {}{}", ended.stdout, ended.stderr);
    ended
}

/// A script that goes on until it is dropped, and its lines.
pub(super) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    #[track_caller]
    pub(super) fn start(server: &Server, script: &str) -> Self {
        let mut child = shell(server, &format!("exec {script}"));
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The same for one that reads a room, once it does.
    #[track_caller]
    pub(super) fn reading(server: &Server, script: &str) -> Self {
        let running = Self::start(server, script);
        server.wait_log([" reads ", " over HTTP"]);
        running
    }

    #[track_caller]
    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the end");
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    #[track_caller]
    pub(super) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs curl (curl)"]
fn curl_says_reads_and_looks() {
    let server = Server::with_web([]);
    let mut reader = Running::reading(&server, "curl -sN http://box7:8080/rooms/dev");
    let said = runs(&server, "curl -sd 'build 1842 passed' http://box7:8080/rooms/dev?nick=ci");
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&said["ok"], &said["nick"]), (&true.into(), &"ci".into()));
    reader.expect("<ci> build 1842 passed");
    let chunked =
        "printf 'one\\ntwo\\n' | curl -sS -X POST -T - -H 'Nick: ci' http://box7:8080/rooms/dev";
    runs(&server, chunked);
    reader.expect("<ci> one");
    reader.expect("<ci> two");
    let head = runs(&server, "curl -sI http://box7:8080/rooms/dev").stdout;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(runs(&server, "curl -s http://box7:8080/rooms").stdout, "lobby 0\n");
    let past = runs(&server, "curl -s 'http://box7:8080/rooms/dev/history?limit=2'").stdout;
    assert!(past.lines().next().unwrap().ends_with("] <ci> one"), "{past}");
}

#[test]
#[ignore = "needs curl (curl)"]
fn curl_waits_for_100_continue_and_shows_the_answer_to_what_is_too_long() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let to = "http://box7:8080/rooms/lobby?nick=ci";
    let small = runs(&server, &format!("curl -sv -H 'Expect: 100-continue' -d hi '{to}'"));
    assert!(small.stderr.contains("< HTTP/1.1 100 Continue"), "{}", small.stderr);
    assert!(small.stdout.starts_with(r#"{"ok":true,"#), "{}", small.stdout);
    alice.expect("<ci> hi");
    // Beyond 1 MiB, curl waits by itself. Less than that it sends at once.
    for (bytes, curl) in [(2_000_000, "curl -sv"), (200_000, "curl -sv -H Expect:")] {
        let long =
            format!("head -c {bytes} /dev/zero | tr '\\0' x | {curl} --data-binary @- '{to}'");
        let long = runs(&server, &long);
        assert!(long.stderr.contains("< HTTP/1.1 413 Content Too Large"), "{}", long.stderr);
        assert!(!long.stderr.contains("100 Continue"), "{}", long.stderr);
        assert!(long.stdout.contains("the limit is 65536 bytes"), "{}", long.stdout);
    }
    alice.expect_nothing();
}

#[test]
#[ignore = "needs curl (curl)"]
fn a_program_that_has_only_a_url_puts_its_token_there() {
    let (_dir, server, token) = with_alice_and_a_token();
    let said = runs(&server, &format!("curl -sd hi http://x:{token}@box7:8080/rooms/dev")).stdout;
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["nick"], "alice");
}

#[test]
#[ignore = "needs curl (curl)"]
fn all_of_it_works_over_https() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let [certificate, _] = identity.save(&dir);
    let state = format!("--state-dir={}", dir.path("state"));
    let server = identity.serve(&dir, [&state]);
    let curl = format!("curl -s --cacert {certificate}");
    let url = "https://box7:8080/rooms/dev";
    let says = |text: &str| {
        let said = runs(&server, &format!("{curl} -d {text} '{url}?nick=ci'")).stdout;
        let said: Value = serde_json::from_str(&said).unwrap();
        said["said"][0]["id"].as_str().unwrap().to_owned()
    };
    let id = says("one");
    says("two");
    let mut reader = Running::start(&server, &format!("{curl} -N '{url}?since={id}'"));
    assert!(reader.line().ends_with("] <ci> two"));
    says("three");
    reader.expect("<ci> three");
    let past = runs(&server, &format!("{curl} '{url}/history?since={id}'")).stdout;
    assert_eq!(past.lines().count(), 2, "{past}");
    let head = runs(&server, &format!("{curl} -I {url}")).stdout;
    assert!(head.contains("Cross-Origin-Resource-Policy: same-origin"), "{head}");
    assert_eq!(runs(&server, &format!("{curl} https://box7:8080/rooms")).stdout, "lobby 0\n");
    let other = runs(&server, &format!("{curl} -H 'Host: box9' {url}/history")).stdout;
    assert_eq!(other, "this server is not called box9; --web-origin https://box9 allows it\n");
    // What is under TLS does not survive a restart, and is told so.
    switch(&server);
    reader.expect("-- the server is going down");
    let back = says("four");
    let missed = runs(&server, &format!("{curl} '{url}/history?since={id}'")).stdout;
    assert!(missed.lines().count() == 3 && back != id, "{missed}");
}

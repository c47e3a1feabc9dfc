//! What docs/OPERATIONS.md recommends to programs, as it is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use super::curl::{Running, shell};
use super::tokens::with_alice_and_a_token;
use super::{post, post_json};
use crate::harness::{Client, Server, TempDir, eventually, free_port, run};

/// The example that begins with this, or else in which it occurs.
#[track_caller]
fn recipe(mark: &str) -> &'static str {
    let document = include_str!("../../../docs/OPERATIONS.md");
    let blocks = document.split("\n```").skip(1).step_by(2);
    let blocks: Vec<_> = blocks.map(|block| block.split_once('\n').unwrap().1).collect();
    let begins = blocks.iter().find(|block| block.starts_with(mark));
    begins.or_else(|| blocks.iter().find(|block| block.contains(mark))).unwrap()
}

/// Somebody in that room.
fn reader(server: &Server, room: &str) -> Client {
    let mut carol = Client::join(server, "carol");
    carol.ask(&format!("/join {room}"));
    carol
}

/// A directory with a program of that name, which runs this.
fn stand_in(name: &str, script: &str) -> (TempDir, String) {
    let dir = TempDir::new();
    let file = dir.file(name, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", dir.path(""), std::env::var("PATH").unwrap());
    (dir, path)
}

#[test]
#[ignore = "needs curl (curl)"]
fn a_step_of_a_build_says_so_once() {
    let (_dir, server, token) = with_alice_and_a_token();
    let mut carol = reader(&server, "dev");
    for _ in 0..2 {
        let mut step = shell(&server, recipe("CI_JOB_ID"));
        let ended = run(step.env("CHATD_TOKEN", &token).env("CI_JOB_ID", "1842"));
        assert_eq!((ended.status, &*ended.stderr), (0, ""), "{}", ended.stdout);
    }
    carol.expect("<alice> build 1842 passed");
    carol.expect_nothing();
    let mut step = shell(&server, recipe("CI_JOB_ID"));
    let ended = run(step.env("CHATD_TOKEN", "chatd_x").env("CI_JOB_ID", "1843"));
    assert!(ended.status != 0 && ended.stdout.starts_with("wrong token"), "{}", ended.stdout);
}

#[test]
#[ignore = "needs curl (curl)"]
fn a_job_of_cron_says_the_end_of_its_output() {
    let server = Server::with_web([]);
    let mut carol = reader(&server, "ops");
    let line = recipe("nick=cron").strip_prefix("0 3 * * * ").unwrap();
    for (backup, said) in [
        ("seq 9; exit 1", &["6", "7", "8", "9", "backup failed"][..]),
        ("echo one file", &["one file"]),
        ("true", &[]),
    ] {
        let (_dir, path) = stand_in("backup", backup);
        assert_eq!(run(shell(&server, line).env("PATH", path)).status, 0);
        said.iter().for_each(|text| carol.expect(&format!("<cron> {text}")));
        carol.expect_nothing();
    }
}

/// A program that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs prometheus-alertmanager and curl (prometheus-alertmanager, curl)"]
fn alertmanager_says_each_alert_once() {
    let (_state, server, token) = with_alice_and_a_token();
    let mut carol = reader(&server, "ops");
    let (dir, port) = (TempDir::new(), free_port());
    let settings = recipe("slack_configs:").replace("TOKEN", &token);
    let settings = settings.replace("box7:8080", &server.addr_of("web").to_string());
    let settings = settings.replace("receiver: chat", "receiver: chat\n  group_wait: 0s");
    let settings = dir.file("alertmanager.yml", settings);
    let mut alertmanager = Command::new("prometheus-alertmanager");
    alertmanager.args([
        &format!("--config.file={settings}"),
        &format!("--storage.path={}", dir.path("data")),
        &format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=",
    ]);
    let alertmanager = alertmanager.stdout(Stdio::null()).stderr(Stdio::null());
    let _alertmanager = Killed(alertmanager.spawn().unwrap());
    let alert = r#"[{"labels": {"alertname": "DiskFull", "host": "box9"}}]"#;
    let send = format!(
        "curl -sf -H 'Content-Type: application/json' -d '{alert}' \
         http://127.0.0.1:{port}/api/v2/alerts"
    );
    eventually("Alertmanager", || (run(&mut shell(&server, &send)).status == 0).then_some(()));
    let said = carol.line();
    assert!(said.starts_with("<alice> [FIRING:1] ") && said.contains("DiskFull"), "{said}");
    let figures = format!("curl -s http://127.0.0.1:{port}/metrics");
    let figure = |name: &str| {
        let all = run(&mut shell(&server, &figures)).stdout;
        let line = all.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
    };
    let slack = r#"{integration="slack"}"#;
    let requests = format!("alertmanager_notification_requests_total{slack}");
    eventually("its figures", || (figure(&requests) == Some(1.0)).then_some(()));
    let failed = format!("alertmanager_notification_requests_failed_total{slack}");
    assert_eq!(figure(&failed), Some(0.0), "it believes the answer");
    carol.expect_nothing();
}

#[test]
fn what_alertmanagers_webhooks_send_has_no_text() {
    let server = Server::with_web([]);
    let sent = r#"{"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "chat",
        "groupLabels": {}, "commonLabels": {"alertname": "DiskFull"}, "commonAnnotations": {},
        "externalURL": "http://box7:9093", "truncatedAlerts": 0, "alerts": [{"status": "firing",
        "labels": {"alertname": "DiskFull"}, "annotations": {}, "fingerprint": "c0ffee"}]}"#;
    // It does not try again after such an answer.
    let answer = post_json("/rooms/ops?nick=alerts", sent).to(&server);
    assert_eq!(answer.refused(422), "the JSON has no text; nothing was said");
}

#[test]
#[ignore = "needs curl (curl)"]
fn grafana_speaks_as_it_does_to_slack() {
    let (_dir, server, token) = with_alice_and_a_token();
    let mut carol = reader(&server, "ops");
    let url = recipe("http://x:TOKEN@").trim().replace("TOKEN", &token);
    let sent = r#"{"channel": "", "username": "Grafana", "icon_emoji": "", "icon_url": "",
        "attachments": [{"title": "[FIRING:1] Load (box9)", "title_link": "http://box7:3000/a",
        "text": "**Firing**\n\nValue: A=97", "fallback": "[FIRING:1] Load (box9)",
        "fields": null, "footer": "Grafana v10.4", "color": "\#D63232", "ts": 1795349001,
        "mrkdwn_in": ["pretext"]}]}"#;
    let sent = sent.replace("\\#", "#");
    let curl = format!("curl -sS -H 'Content-Type: application/json' -d '{sent}' {url}");
    let answer = run(&mut shell(&server, &curl)).stdout;
    assert!(answer.starts_with(r#"{"ok":true,"#), "{answer}");
    carol.expect("<alice> [FIRING:1] Load (box9)");
    carol.expect_nothing();
}

#[test]
#[ignore = "needs jq and curl (jq, curl)"]
fn a_push_to_github_is_said_in_one_line() {
    let server = Server::with_web([]);
    let mut carol = reader(&server, "dev");
    let (dir, event) = (
        TempDir::new(),
        r#"{"ref": "refs/heads/main", "commits": [], "pusher":
        {"name": "alice", "email": "a@example.org"}, "repository": {"full_name": "a/b"},
        "head_commit": {"id": "c0ffee", "message": "Fix the index\n\nIt was slow: 5% \\o/"}}"#,
    );
    let event = dir.file("event.json", event);
    let ended = run(shell(&server, recipe("GITHUB_EVENT_PATH")).env("GITHUB_EVENT_PATH", event));
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    carol.expect("<github> alice pushed Fix the index");
    carol.expect_nothing();
}

#[test]
#[ignore = "needs curl (curl)"]
fn the_journal_is_said_as_it_is_written() {
    let server = Server::with_web([]);
    let mut carol = reader(&server, "ops");
    let lines = "printf '%s\\n' 'a warning' '/who is not asked' 'C:\\new'";
    let (_dir, path) = stand_in("journalctl", lines);
    let ended = run(shell(&server, recipe("journalctl -f")).env("PATH", path));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    carol.expect("<journal> a warning");
    assert!(ended.stdout.contains("line 1 is a command"), "{}", ended.stdout);
    carol.expect("<journal> C:\\new");
    carol.expect_nothing();
}

#[test]
#[ignore = "needs jq and curl (jq, curl)"]
fn a_bot_of_ten_lines_answers() {
    let server = Server::with_web([]);
    let mut carol = reader(&server, "dev");
    let (dir, script) = (TempDir::new(), recipe("select(.t == \"said\""));
    let script = script.replace("box7:8080", &server.addr_of("web").to_string());
    let _bot = Running::reading(&server, &format!("sh {}", dir.file("bot", script)));
    carol.send("what is the !time");
    carol.send("!time");
    let answer = carol.line();
    let time = answer.strip_prefix("<clock> ").unwrap_or_else(|| panic!("{answer}"));
    assert!(time.len() == 5 && time.as_bytes()[2] == b':', "{answer}");
    post("/rooms/dev?nick=ci", "!time").to(&server).json();
    carol.expect("<ci> !time");
    assert!(carol.line().starts_with("<clock> "));
}

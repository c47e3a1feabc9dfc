//! The dashboard and the alerts use only metrics that the server exports.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::{path, shipped};
use crate::command_line::cluster::secret;
use crate::harness::{Server, TempDir, run};
use crate::metrics::get;

/// What a node of a cluster measures: its page of figures.
fn figures() -> String {
    let dir = TempDir::new();
    let key = secret(&dir, "key", &"x".repeat(32), 0o600);
    // Nobody listens there.
    let redis = "redis://127.0.0.1:1";
    let flags = ["--metrics", "127.0.0.1:0", "--cluster", redis, "--cluster-key", &key];
    get(&Server::with(flags), "/metrics")
}

/// What is measured, without the suffixes of histograms.
fn measured() -> BTreeSet<String> {
    let text = figures();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let name = |(name, kind): (&str, &str)| {
        if kind == "counter" { format!("{name}_total") } else { name.to_owned() }
    };
    types.map(name).collect()
}

/// The values of `label` in a page of figures, in queries or in series.
fn values_of(label: &str, text: &str) -> BTreeSet<String> {
    let before = format!("{label}=\"");
    let after = text.split(&before).skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&shipped("packaging/grafana-dashboard.json")).unwrap()
}

/// All queries of the dashboard.
fn queries() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The metrics that a query or a file of rules names.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_metric = |word: &&str| word.starts_with("chatd_") || word.starts_with("process_");
    words.filter(is_metric).map(without_suffix).map(str::to_owned).collect()
}

fn without_suffix(name: &str) -> &str {
    let suffixes = ["_bucket", "_sum", "_count"];
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

#[test]
fn the_dashboard_shows_all_that_is_measured_and_nothing_else() {
    let queries = queries().join("\n");
    assert_eq!(metrics(&queries), measured());
}

#[test]
fn the_handbook_explains_all_that_is_measured() {
    let handbook = shipped("docs/OPERATIONS.md");
    assert_eq!(metrics(&handbook), measured());
}

#[test]
fn the_handbook_explains_every_wire_and_every_reason() {
    let (handbook, figures) = (shipped("docs/OPERATIONS.md"), figures());
    for (label, at_least) in [("wire", 3), ("reason", 10)] {
        let values = values_of(label, &figures);
        assert!(values.len() >= at_least, "{values:?}");
        for value in values {
            assert!(handbook.contains(&format!("`{value}`")), "{label} {value}");
        }
    }
}

#[test]
fn alerts_and_dashboard_ask_only_for_wires_and_reasons_that_there_are() {
    let figures = figures();
    let asked = ["alerts.yml", "alerts-test.yml", "grafana-dashboard.json"]
        .map(|file| shipped(&format!("packaging/{file}")).replace("\\\"", "\""))
        .concat();
    for label in ["wire", "reason"] {
        let (asked, there) = (values_of(label, &asked), values_of(label, &figures));
        assert!(asked.is_subset(&there), "{asked:?}");
    }
}

#[test]
fn alerts_watch_only_what_is_measured() {
    let rules = shipped("packaging/alerts.yml");
    let watched = metrics(&rules);
    assert!(watched.len() > 3, "{watched:?}");
    assert!(watched.is_subset(&measured()), "{watched:?}");
}

#[test]
fn panels_do_not_overlap_and_have_numbers_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(ids.insert(panel["id"].as_u64()), "{}", panel["title"]);
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}

fn promtool(args: &[&str]) {
    let ended = run(Command::new("promtool").args(args).current_dir(path("packaging")));
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
}

#[test]
#[ignore = "needs promtool (prometheus)"]
fn alerts_fire_when_they_should() {
    promtool(&["check", "rules", "alerts.yml"]);
    promtool(&["test", "rules", "alerts-test.yml"]);
}

#[test]
#[ignore = "needs promtool (prometheus)"]
fn prometheus_understands_the_queries_of_the_dashboard() {
    let dir = TempDir::new();
    let rules: Vec<_> = queries()
        .iter()
        .enumerate()
        .map(|(number, query)| {
            // Grafana would fill it in.
            let query = query.replace("$__rate_interval", "5m");
            json!({ "record": format!("query:{number}"), "expr": query })
        })
        .collect();
    let file = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    promtool(&["check", "rules", &dir.file("rules.yml", file.to_string())]);
}

//! The files that are shipped with the program match the program.

mod architecture;
mod container;
mod docs;
mod examples;
mod manual;
mod monitoring;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chatd::config;
use clap::Arg;

use crate::harness::TempDir;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn shipped(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// The options that can be in a file.
fn options() -> Vec<Arg> {
    let command = config::command();
    command.get_arguments().filter(|arg| config::is_setting(arg)).cloned().collect()
}

/// The example settings that are there to be uncommented, with their values as TOML.
fn examples() -> BTreeMap<String, String> {
    let text = shipped("packaging/chatd.toml");
    let commented = text.lines().filter_map(|line| line.strip_prefix('#'));
    let settings = commented.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let pairs = settings.map(|line| line.split_once(" = ").unwrap());
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_example_settings_have_every_option_and_set_one_of_them() {
    let options = options();
    let options: BTreeSet<_> = options.iter().filter_map(Arg::get_long).collect();
    let examples = examples();
    assert_eq!(examples.keys().map(String::as_str).collect::<BTreeSet<_>>(), options);
    let in_force: toml::Table = shipped("packaging/chatd.toml").parse().unwrap();
    let only_here: toml::Table = "bind = ['127.0.0.1']".parse().unwrap();
    assert_eq!(in_force, only_here, "nobody else can come");
}

#[test]
fn the_example_settings_are_the_defaults_where_there_are_any() {
    let examples = examples();
    for option in options() {
        let key = option.get_long().unwrap();
        if let [default] = option.get_default_values() {
            assert_eq!(examples[key].trim_matches('"'), default.to_str().unwrap(), "{key}");
        }
    }
}

#[test]
fn the_example_settings_are_taken_when_uncommented() {
    let dir = TempDir::new();
    let mut settings = examples();
    settings.insert("motd".to_owned(), format!("'{}'", dir.file("motd", "be kind\n")));
    for (name, contents) in [("cluster-key", "x".repeat(32)), ("cluster-password-file", "x".into())]
    {
        let file = dir.file(name, contents);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        settings.insert(name.to_owned(), format!("'{file}'"));
    }
    // There is no certificate here, without which there is no TLS.
    settings.retain(|key, _| !key.contains("tls-"));
    let lines: String = settings.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    let file = dir.file("chatd.toml", lines);
    config::load(["chatd".into(), "--config".into(), file.into()], []).unwrap();
}

/// What comes before, between and after the `{}` of a format, longest first.
fn pieces(format: &str) -> Vec<&str> {
    let mut pieces: Vec<_> = format.split('{').map(|it| it.rsplit('}').next().unwrap()).collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces
}

/// The source files, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let (mut folders, mut sources) = (vec![path("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if let Ok(source) = fs::read_to_string(&entry) {
                sources.push((entry, source));
            }
        }
    }
    sources
}

/// What each call of `function` in the sources begins its words with, and where that is.
fn words_of(function: &str) -> Vec<(String, PathBuf)> {
    let (mut found, call) = (Vec::new(), format!("{function}("));
    for (file, source) in sources() {
        let calls = source.split(&call).skip(1);
        let strings = calls.filter_map(|call| call.split('"').nth(1));
        found.extend(strings.map(|string| (string.to_owned(), file.clone())));
    }
    found
}

/// Sees to it that the handbook has the longest piece of each, at least so many of them.
#[track_caller]
fn assert_explained(words: &[(String, PathBuf)], at_least: usize, before: &str) {
    let handbook = shipped("docs/OPERATIONS.md");
    assert!(words.len() >= at_least, "{words:?}");
    let is_unexplained = |(format, _): &&(String, PathBuf)| {
        let piece = pieces(format)[0].trim_matches([' ', '\\']);
        !handbook.contains(&format!("{before}{piece}"))
    };
    let unexplained: Vec<_> = words.iter().filter(is_unexplained).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn the_handbook_explains_every_line_of_the_log() {
    for (level, at_least) in [("error", 20), ("warn", 10), ("info", 8)] {
        assert_explained(&words_of(&format!("log::{level}!")), at_least, "");
    }
}

#[test]
fn the_handbook_explains_what_keeps_the_server_from_starting() {
    assert_explained(&words_of("map_err(failed"), 9, "cannot ");
    let of_directories: Vec<_> =
        ["a running chatd uses this directory", "the database is damaged;"]
            .map(|words| (words.to_owned(), path("src/store")))
            .into();
    assert_explained(&of_directories, 2, "");
}

/// The longest piece of a quoted line that stands for nothing else: `ADDR` is another each time.
fn fixed_piece(quoted: &str) -> &str {
    let quoted = quoted.trim_start_matches("chatd: ");
    let pieces = quoted.split(|c: char| c.is_ascii_uppercase() || "…();\"".contains(c));
    let pieces = pieces.map(|piece| piece.trim_matches([' ', ':', ',']));
    pieces.max_by_key(|piece| piece.len()).unwrap()
}

#[test]
fn the_handbook_explains_no_line_that_is_never_logged() {
    let handbook = shipped("docs/OPERATIONS.md");
    let (_, section) = handbook.split_once("\n## The log\n").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines();
    let rows = rows.filter(|row| row.contains('`') && row.starts_with('|'));
    let sources = sources().into_iter().map(|(_, text)| text).collect::<String>();
    // A string may go on in the next line.
    let sources: String = sources.split("\\\n").map(str::trim_start).collect();
    let mut found = 0;
    for row in rows.filter(|row| !row.contains(", of systemd |")) {
        let lines = row.trim_start_matches(|c: char| "| 0123456789".contains(c));
        for quoted in lines.split(" | ").next().unwrap().split('`').skip(1).step_by(2) {
            let piece = fixed_piece(quoted);
            let bare = piece.trim_start_matches("cannot ");
            assert!(sources.contains(bare), "{quoted}");
            found += 1;
        }
    }
    assert!(found > 60, "{found}");
}

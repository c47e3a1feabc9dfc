//! Damaged or foreign files: one clear line, and nothing is overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use chatd::store::Database;
use rusqlite::Connection;

use super::Kept;
use crate::harness::{TempDir, run};

/// A directory with a database that has something in it.
fn used() -> TempDir {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.say_all((0..2000).map(|number| format!("line {number}")));
    kept.close();
    dir
}

fn sql(dir: &TempDir, sql: &str) {
    Connection::open(dir.path("chatd.db")).unwrap().execute_batch(sql).unwrap();
}

fn contents(dir: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let mut names = dir.names();
    names.retain(|name| name != "chatd.lock");
    let read = |name: String| (name.clone(), fs::read(dir.path(&name)).unwrap_or_default());
    names.into_iter().map(read).collect()
}

/// Neither a server nor a command takes the directory; both say why in one line.
#[track_caller]
fn assert_refused(dir: &TempDir, why: &str) {
    let before = contents(dir);
    let fault = Database::open(dir.path("").as_ref()).unwrap_err().to_string();
    assert!(fault.contains(&dir.path("chatd.db")) && fault.contains(why), "{fault}");
    let mut export = Command::new(env!("CARGO_BIN_EXE_chatd"));
    let ended = run(export.args(["account", "list", "--state-dir", &dir.path("")]));
    assert_eq!((ended.status, ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    assert_eq!(ended.stderr, format!("chatd: {fault}\n"));
    assert!(contents(dir) == before, "something was written");
}

const FOREIGN: &str = "not a chatd database; move it away, or name another directory";
const DAMAGED: &str = "the database is damaged; restore a backup, or save what is left";

#[test]
fn a_file_that_is_no_database_is_refused() {
    for contents in ["hello\n", "a longer file, with more in it than SQLite's header has"] {
        let dir = TempDir::new();
        dir.file("chatd.db", contents);
        assert_refused(&dir, FOREIGN);
    }
    let dir = TempDir::new();
    fs::create_dir(dir.path("chatd.db")).unwrap();
    assert_refused(&dir, FOREIGN);
}

#[test]
fn another_programs_database_is_refused() {
    for tables in [
        "CREATE TABLE t(x); INSERT INTO t VALUES(1)",
        "CREATE TABLE meta(key, value); INSERT INTO meta VALUES('schema', '1')",
        "CREATE TABLE meta(k, v); INSERT INTO meta VALUES('schema', '1'), ('program', 'other')",
        "PRAGMA journal_mode=WAL; CREATE TABLE t(x)",
    ] {
        let dir = TempDir::new();
        sql(&dir, tables);
        assert_refused(&dir, FOREIGN);
    }
}

#[test]
fn a_newer_versions_file_is_refused() {
    let dir = used();
    sql(&dir, "UPDATE meta SET v = '99' WHERE k = 'schema'");
    assert_refused(&dir, "a newer chatd wrote it (version 99, this one reads up to 5)");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    type Cut = fn(u64) -> u64;
    let cuts: [(Cut, &str); 6] = [
        (|_| 0, DAMAGED),
        (|_| 15, FOREIGN),
        (|_| 4096, DAMAGED),
        (|length| length / 2, DAMAGED),
        (|length| length - 4096, DAMAGED),
        (|length| length - 1, DAMAGED),
    ];
    for (cut, why) in cuts {
        let dir = used();
        let file = fs::OpenOptions::new().write(true).open(dir.path("chatd.db")).unwrap();
        file.set_len(cut(file.metadata().unwrap().len())).unwrap();
        drop(file);
        assert_refused(&dir, why);
    }
}

#[test]
fn a_file_with_garbage_in_it_is_refused() {
    let dir = used();
    let sound = fs::read(dir.path("chatd.db")).unwrap();
    for start in (4096..sound.len()).step_by(7 * 4096) {
        let mut garbage = sound.clone();
        let end = garbage.len().min(start + 2 * 4096);
        garbage[start..end].fill(0xa5);
        dir.file("chatd.db", &garbage);
        let fault = Database::open(dir.path("").as_ref()).unwrap_err().to_string();
        assert!(fault.contains(DAMAGED), "{start}: {fault}");
        assert!(fs::read(dir.path("chatd.db")).unwrap() == garbage, "{start}");
    }
}

#[test]
fn a_second_server_is_kept_out() {
    let dir = TempDir::new();
    let kept = Kept::open(&dir);
    let fault = Database::open(dir.path("").as_ref()).unwrap_err().to_string();
    let process = std::process::id();
    let why = format!("a running chatd uses this directory (process {process})");
    assert_eq!(fault, format!("cannot use {}: {why}", dir.path("chatd.lock")));
    kept.close();
    Kept::open(&dir).close();
}

#[test]
fn a_directory_that_cannot_be_is_named() {
    let dir = TempDir::new();
    let file = dir.file("file", "");
    for (path, why) in [
        (format!("{file}/state"), "Not a directory"),
        (dir.path("no/state"), "No such file or directory"),
        (file.clone(), "Not a directory"),
    ] {
        let fault = Database::open(path.as_ref()).unwrap_err().to_string();
        assert!(fault.starts_with(&format!("cannot use {path}")) && fault.contains(why), "{fault}");
    }
    assert_eq!(dir.names(), ["file"]);
}

#[test]
#[ignore = "needs root"]
fn a_file_of_somebody_elses_is_refused() {
    let dir = used();
    let program = dir.path("chatd");
    fs::copy(env!("CARGO_BIN_EXE_chatd"), &program).unwrap();
    fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o777)).unwrap();
    let before = contents(&dir);
    let mut command = Command::new(program);
    command.args(["account", "remove", "alice", "--state-dir", &dir.path("")]).uid(54_321);
    let ended = run(&mut command);
    let why = format!("cannot use {}: it belongs to user 0, ", dir.path(""));
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.starts_with(&format!("chatd: --state-dir: {why}")), "{}", ended.stderr);
    assert!(contents(&dir) == before, "something was written");
}

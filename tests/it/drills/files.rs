//! Damaged state directories: the server reports the reason in one line and leaves them unchanged,
//! or serves, but never crashes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use super::{Drill, Talk, within};
use crate::harness::{Client, Random, Server, Signal, TempDir, chatd, eventually, run};

type Files = BTreeMap<String, Vec<u8>>;

/// All but the lock, which names the process.
fn files(dir: &TempDir) -> Files {
    let names = dir.names().into_iter().filter(|name| name != "chatd.lock");
    names.map(|name| (name.clone(), fs::read(dir.path(&name)).unwrap_or_default())).collect()
}

fn put(files: &Files) -> TempDir {
    let dir = TempDir::new();
    for (name, bytes) in files {
        dir.file(name, bytes);
    }
    dir
}

fn start(dir: &TempDir) -> Result<Server, (std::process::ExitStatus, String)> {
    Server::try_run(within(&["env"], &["--state-dir", &dir.path("")]))
}

/// What a server makes of these files that then ends like that.
fn used(drill: &mut Drill, files_before: &Files, end: Signal) -> Files {
    let dir = put(files_before);
    let server = start(&dir).unwrap();
    let talk = Talk::begin(&server, "a", &mut drill.random);
    eventually("people to talk", || (talk.heard() > 2000).then_some(()));
    server.signal(end);
    server.wait_killed();
    talk.cut_off();
    let mut files = files(&dir);
    // SQLite makes it anew.
    files.remove("chatd.db-shm");
    files
}

/// Neither a server nor a command takes the directory; both say the same in one line.
#[track_caller]
fn assert_refused(dir: &TempDir, before: &Files) {
    let (status, told) = start(dir).map(drop).unwrap_err();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.starts_with("chatd: cannot use ") && told.lines().count() == 1, "{told}");
    let mut after = files(dir);
    after.retain(|name, _| name != "chatd.db-shm");
    let length = |files: &Files| -> Vec<_> {
        files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect()
    };
    let (was, is) = (length(before), length(&after));
    assert!(after == *before, "something was written: {told}{was:?}, then {is:?}");
}

/// Overwrites some of a file, or cuts it.
fn damage(file: &mut Vec<u8>, random: &mut Random) {
    let (from, length) = (random.below(file.len()), 1 << random.below(14));
    let to = file.len().min(from + length);
    match random.below(4) {
        0 => file.truncate(from),
        1 => file[from..to].fill(0),
        2 => file[from..to].iter_mut().for_each(|byte| *byte = random.byte()),
        _ => {
            for _ in 0..=random.below(64) {
                let at = random.below(file.len());
                file[at] ^= 1 << random.below(8);
            }
        }
    }
}

/// All that is exported, if that is possible.
fn history(dir: &TempDir) -> Option<Vec<String>> {
    let export = run(chatd().args(["export", "--state-dir", &dir.path("")]));
    (export.status == 0).then(|| export.stdout.lines().map(str::to_owned).collect())
}

/// A server that took the directory does what it can, and says what it cannot.
fn use_it(server: Server, dir: &TempDir) -> bool {
    let mut client = Client::guest(&server);
    client.send("/nick alice\n/echo on\n/register top secret\n/join room1\nstill here");
    client.wait_for(|line| line == "<alice> still here");
    client.send("/history 100\n/search so\n/search still");
    client.sync();
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    let export = run(chatd().args(["export", "--state-dir", &dir.path("")]));
    let is_clear = export.status == 0 || export.stderr.lines().count() == 1;
    assert!(is_clear, "{}", export.stderr);
    log.contains(" ERROR ") || export.status != 0
}

#[test]
fn a_spoilt_file_is_refused_in_one_line_or_served_without_a_fall() {
    let mut drill = Drill::begin("spoilt files");
    let tidy = used(&mut drill, &Files::new(), Signal::TERM);
    let killed = used(&mut drill, &tidy, Signal::KILL);
    assert!(!tidy.contains_key("chatd.db-wal") && killed.contains_key("chatd.db-wal"));
    let whole = history(&put(&killed)).unwrap();
    let kinds = [tidy, killed];
    for _ in drill.rounds(30) {
        let mut files = drill.random.pick(&kinds).clone();
        let names: Vec<_> = files.keys().cloned().collect();
        let name = drill.random.pick(&names);
        damage(files.get_mut(name).unwrap(), &mut drill.random);
        let dir = put(&files);
        if name == "chatd.db-wal"
            && let Some(left) = history(&put(&files))
        {
            // What was written last may be gone, as if it had never been written.
            assert!(whole.starts_with(&left), "something else is there now");
            drill.note("lines gone with a damaged log", (whole.len() - left.len()) as u64);
        }
        match start(&dir) {
            Err(_) => {
                assert_refused(&dir, &files);
                drill.note("refused", 1);
            }
            Ok(server) => match use_it(server, &dir) {
                true => drill.note("served with alarms", 1),
                false => drill.note("served", 1),
            },
        }
    }
    drill.end();
}

#[test]
fn a_file_that_is_not_for_this_program_is_refused_in_one_line() {
    let sql = |statements: &str| {
        let dir = TempDir::new();
        rusqlite::Connection::open(dir.path("chatd.db"))
            .unwrap()
            .execute_batch(statements)
            .unwrap();
        dir
    };
    let newer = TempDir::new();
    start(&newer).unwrap().stop();
    let change = "UPDATE meta SET v = '99' WHERE k = 'schema'";
    rusqlite::Connection::open(newer.path("chatd.db")).unwrap().execute_batch(change).unwrap();
    let text = TempDir::new();
    text.file("chatd.db", "somebody's notes\n");
    let other = sql("CREATE TABLE contacts(name, number); INSERT INTO contacts VALUES('a', 1)");
    let busy = sql("PRAGMA journal_mode=WAL; CREATE TABLE contacts(name)");
    for dir in [newer, text, other, busy] {
        let before = files(&dir);
        assert_refused(&dir, &before);
    }
}

#[test]
#[ignore = "needs root"]
fn a_file_without_permission_is_refused_in_one_line() {
    let dir = TempDir::new();
    start(&dir).unwrap().stop();
    let program = dir.path("chatd");
    fs::copy(env!("CARGO_BIN_EXE_chatd"), &program).unwrap();
    fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o777)).unwrap();
    fs::remove_file(dir.path("chatd.lock")).unwrap();
    let before = files(&dir);
    let mut command = std::process::Command::new(program);
    command.args(["--port", "0", "--state-dir", &dir.path("")]).uid(54_321);
    let ended = run(&mut command);
    let why = format!("cannot use {}: it belongs to user 0, ", dir.path(""));
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.starts_with(&format!("chatd: --state-dir: {why}")), "{}", ended.stderr);
    assert!(files(&dir) == before, "something was written");
}

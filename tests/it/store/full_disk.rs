//! A full disk: everything reported as committed is there, and the rest is kept until there is
//! room.

use std::fs;
use std::process::Command;

use chatd::chat::{BanChange, Mask};
use chatd::store::{Answer, Database, Denial, Event};

use super::{CLIENT, Kept};
use crate::harness::{TempDir, run};

/// Runs the test of this name again, with a small file system of its own at DIR.
fn on_a_small_disk(test: &str, body: impl FnOnce(&str)) {
    const INSIDE: &str = "TEST_HAS_A_SMALL_DISK_AT";
    if let Some(dir) = std::env::var_os(INSIDE) {
        return body(dir.to_str().unwrap());
    }
    let dir = TempDir::new();
    let set_up = "mount -t tmpfs -o size=6m,mode=0777 tmpfs \"$1\"; shift; exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", set_up]).arg(std::env::current_exe().unwrap());
    command.arg(dir.path("")).args(["--include-ignored", "--exact", test]);
    let ended = run(command.env(INSIDE, dir.path("")));
    let passed = ended.status == 0 && ended.stdout.contains("1 passed");
    assert!(passed, "{}{}", ended.stdout, ended.stderr);
}

#[test]
#[ignore = "needs root"]
fn lines_wait_for_room_on_the_disk() {
    let name = "store::full_disk::lines_wait_for_room_on_the_disk";
    on_a_small_disk(name, |disk| {
        let (state, ballast) = (format!("{disk}/state"), format!("{disk}/ballast"));
        fs::write(&ballast, vec![0; 3 * 1024 * 1024]).unwrap();
        let mut kept = Kept::open_at(&state, Default::default());
        let text = "long ".repeat(200);
        let mut said = 0;
        let mut committed = 0;
        let error = loop {
            said = kept.say(&format!("{text}{said}"));
            match kept.next() {
                Event::Committed { upto } => committed = upto,
                Event::Failing { error } => break error,
                other => panic!("{other:?}"),
            }
        };
        assert!(error.contains("full"), "{error}");
        assert!(committed > 10 && committed < said, "{committed} of {said}");
        kept.store.change_ban(CLIENT, BanChange::Unban(Mask::new("eve").unwrap())).unwrap();
        let denial = match kept.answer() {
            Answer::BanNotChanged(_, denial) => denial,
            other => panic!("{other:?}"),
        };
        assert!(matches!(denial, Denial::NotSaved | Denial::NotBanned(_)));
        assert_eq!(kept.last("lobby", 1), [format!("{text}{}", committed - 1)], "it can be read");
        for _ in 0..100 {
            said = kept.say(&format!("{text}{said}"));
        }
        fs::remove_file(ballast).unwrap();
        kept.wait(|event| matches!(event, Event::Recovered { .. }).then_some(()));
        let last = kept.say("the last");
        kept.wait_committed(last);
        assert_eq!(kept.last("lobby", 2), [format!("{text}{}", said - 1), "the last".into()]);
        kept.close();
        let database = rusqlite::Connection::open(format!("{state}/chatd.db")).unwrap();
        let all = "SELECT count(*), max(oseq) FROM msg";
        let all = database.query_row(all, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(all, Ok((last.cast_signed(), last.cast_signed())));
    });
}

#[test]
#[ignore = "needs root"]
fn a_read_only_disk_is_refused() {
    let name = "store::full_disk::a_read_only_disk_is_refused";
    on_a_small_disk(name, |disk| {
        let state = format!("{disk}/state");
        Kept::open_at(&state, Default::default()).close();
        let remount = ["-o", "remount,ro", disk];
        assert!(Command::new("mount").args(remount).status().unwrap().success());
        let fault = Database::open(state.as_ref()).unwrap_err().to_string();
        assert!(fault.contains(&state) && fault.contains("Read-only file system"), "{fault}");
    });
}

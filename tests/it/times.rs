//! Times: in the server's time zone, as a wall clock beside it shows.

use std::process::Command;
use std::time::SystemTime;

use crate::harness::{Client, Server, chatd, people, run};

/// Date and time so many minutes ahead of Greenwich.
fn wall_clock(ahead: i64) -> String {
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    let shifted = format!("@{}", since_1970 + 60 * ahead);
    let ended = run(Command::new("date").args(["-u", "-d", &shifted, "+%Y-%m-%d %H:%M"]));
    ended.stdout.trim().to_owned()
}

/// Every kind of line that has a time in it, in a time zone that is so far ahead.
#[track_caller]
fn assert_local(zone: &str, ahead: i64) {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0"]).env("TZ", zone);
    let server = Server::run(command);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let before = wall_clock(ahead);
    alice.ask("/time on");
    bob.ask("/time on\nhi");
    let mut shown = alice.sync();
    shown.extend(alice.ask("/msg bob psst"));
    shown.extend(bob.sync());
    shown.extend(alice.ask("/history"));
    shown.extend(Client::guest(&server).sync());
    let after = wall_clock(ahead);

    let expected = |date_and_time: &str| {
        let time = date_and_time.split_once(' ').unwrap().1;
        [
            format!("[{time}] <bob> hi"),
            format!("[{time}] [to bob] psst"),
            format!("[{time}] [from alice] psst"),
            format!("[{date_and_time}] <bob> hi"),
            "-- end of history".to_owned(),
            format!("[{time}] <bob> hi"),
            "-- end of history".to_owned(),
        ]
    };
    assert_eq!(shown.len(), 7, "{shown:?}");
    // A minute may end in between.
    for (line, (early, late)) in shown.iter().zip(expected(&before).iter().zip(expected(&after))) {
        assert!(line == early || *line == late, "{line:?} is neither {early:?} nor {late:?}");
    }
}

#[test]
fn times_are_local_east_and_west_of_greenwich() {
    assert_local("EAST-5:45", 5 * 60 + 45);
    assert_local("WEST3:30", -(3 * 60 + 30));
}

#[test]
#[ignore = "needs time zones (tzdata)"]
fn times_are_local_in_a_zone_with_a_name() {
    assert_local("Asia/Tokyo", 9 * 60);
    assert_local("America/Phoenix", -7 * 60);
}

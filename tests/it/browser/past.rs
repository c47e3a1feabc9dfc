//! Old lines on the page: searches, history and gaps.

use rusqlite::Connection;
use serde_json::json;

use super::driver::Browser;
use super::tab::{ENTER, Tab};
use crate::harness::{Server, Signal, TempDir, people};

#[track_caller]
fn start(dir: &TempDir) -> Server {
    let state = dir.path("state");
    Server::with(["--name", "box7", "--web-port", "0", "--rate", "0", "--state-dir", &state])
}

/// What bob said when the server ran before, and what became of it on the disk.
#[track_caller]
fn said_before(dir: &TempDir, lines: &str, changes: &str) {
    let server = start(dir);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask(lines);
    server.stop();
    let database = Connection::open(dir.path("state/chatd.db")).unwrap();
    assert_eq!(database.execute(changes, []).unwrap(), 1);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_a_search_finds_comes_last_with_its_room_and_its_date_and_is_no_line_of_this_room() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    said_before(&dir, "/join dev\n/me begins the deploy", "UPDATE msg SET ts = 1712345678000");
    let server = start(&dir);
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join ops");
    alice.says("the deploy is done");
    bob.ask("/join ops");
    (1..=50).for_each(|number| bob.send(&format!("line {number}")));
    alice.shows("said", "bob", "line 50");

    server.signal(Signal::STOP);
    alice.says("/search deploy");
    alice.run("document.hasFocus = () => false; document.querySelector('#log').scrollTop = 0", &[]);
    alice.has("document.querySelector('#log').style.overflowAnchor", "auto");
    server.signal(Signal::CONT);
    let date = |ts: &str| {
        let date = format!("new Intl.DateTimeFormat([], {{ dateStyle: 'medium' }}).format({ts})");
        alice.value(&date).as_str().unwrap().to_owned()
    };
    let (long_ago, today) = (date("1712345678000"), date("Date.now()"));
    assert!(long_ago.contains("2024"), "{long_ago}");
    alice.shows("found", "bob", &format!("dev, {long_ago} begins the deploy"));
    alice.shows("found", "alice", &format!("ops, {today} the deploy is done"));
    // What alice is in ops says nothing about another room.
    alice.has("document.querySelectorAll(\"#log > [data-kind=found][data-role='']\").length", 2);
    let kinds = "[...document.querySelectorAll('#log > *')].map((line) => line.dataset.kind)";
    alice.has(&format!("{kinds}.slice(-3)"), json!(["said", "found", "found"]));
    let log = "document.querySelector('#log')";
    alice.has(&format!("{log}.scrollHeight - {log}.scrollTop - {log}.clientHeight < 2"), true);
    alice.has("document.querySelector('#new').hidden", true);
    alice.has("document.title", "ops · box7");
    assert_eq!(alice.texts("emote"), [""; 0]);

    // There it is history.
    alice.says("/join dev");
    alice.shows("emote", "bob", "begins the deploy");
    let day = "document.querySelector('#log > [data-kind=emote]').dataset.day";
    alice.has(&format!("{day}.includes('2024')"), true);
    alice.says("/search rollback");
    alice.shows("notice", "", "nothing was found");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn where_lines_are_missing_is_told_once_and_in_its_place() {
    const GAP: &str = "[history gap: 1 line]";
    let (dir, browser) = (TempDir::new(), Browser::start());
    let lose = format!("UPDATE msg SET kind = 2, nick = '', body = '{GAP}' WHERE body = 'second'");
    said_before(&dir, "first\nsecond\nthird", &lose);
    let server = start(&dir);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/history");
    alice.shows("notice", "", "these lines are already shown");
    let texts = "[...document.querySelectorAll('#log .text')].map((text) => text.textContent)";
    alice.has(&format!("{texts}.slice(0, 4)"), json!(["first", GAP, "third", "Welcome to box7"]));
    assert_eq!(alice.count("notice", "", GAP), 1);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_is_said_thrice_within_a_millisecond_is_there_thrice_in_the_history_too() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    said_before(&dir, "}\n}\n}\nend", "DELETE FROM msg WHERE body = 'end'");
    let database = Connection::open(dir.path("state/chatd.db")).unwrap();
    assert_eq!(database.execute("UPDATE msg SET ts = 1712345678000", []).unwrap(), 3);
    drop(database);
    let server = start(&dir);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.shows("said", "bob", "}");
    assert_eq!(alice.texts("said"), ["}"; 3]);
    alice.says("/history");
    alice.shows("notice", "", "these lines are already shown");
    assert_eq!(alice.texts("said"), ["}"; 3]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_search_has_a_view_of_its_own_and_each_line_leads_to_its_place() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    said_before(&dir, "/join dev\nthe needle", "UPDATE msg SET ts = ts - 604800000");
    let server = start(&dir);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    (1..=300).for_each(|number| bob.send(&format!("hay {number}")));
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.type_into("#query", &format!("needle{ENTER}"));
    alice.shows_in("#room", "Search");
    alice.shows_in("#topic", "One line has these words.");
    alice.has("document.querySelectorAll('#log > :not([hidden])').length", 1);
    alice.click("#log > [data-kind=found] button");
    alice.shows_in("#room", "dev");
    alice.shows_in(".sought .text", "the needle");
    let log = "document.querySelector('#log').getBoundingClientRect()";
    let line = "document.querySelector('.sought').getBoundingClientRect()";
    alice.has(&format!("{line}.top >= {log}.top && {line}.bottom <= {log}.bottom"), true);
    // 199 lines follow it, and more are left out until they are asked for.
    assert_eq!(alice.count("said", "bob", "hay 199"), 1);
    assert_eq!(alice.count("said", "bob", "hay 200"), 0);
    alice.click("#log > [data-kind=gap] button");
    alice.shows("said", "bob", "hay 200");
    alice.has("document.querySelectorAll('#log > [data-kind=gap]').length", 0);
    let said = "[...document.querySelectorAll('#log > [data-kind=said]:not([hidden]) .text')]";
    alice.has(&format!("{said}.length"), 301);

    alice.run("history.back()", &[]);
    alice.shows_in("#room", "Search");
    alice.type_into("#query", &format!("straw{ENTER}"));
    alice.shows_in("#topic", "Nothing was found.");
    // What is said there is said in the room.
    alice.says("there is none");
    alice.shows_in("#room", "dev");
    bob.wait_for(|said| said == "<alice> there is none");
}

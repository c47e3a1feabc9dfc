//! The page in a real Chromium, beside netcats and text clients.

use std::process::Command;

use serde_json::json;

use crate::harness::{Client, Identity, Server, Signal, TempDir, people};
use crate::pty::Terminal;

mod access;
mod behind_proxy;
mod display;
mod driver;
mod events;
mod firefox;
mod geometry;
mod looks;
mod marks;
mod mentions;
mod names;
mod newcomer;
mod owned;
mod past;
mod rooms;
mod tab;
mod tree;
mod typing;

use driver::Browser;
use tab::{ENTER, Tab};

const UP: &str = "\u{e013}";
const TAB: &str = "\u{e004}";

#[track_caller]
fn server() -> Server {
    Server::with(["--name", "box7", "--web-port", "0", "--rate", "0"])
}

#[test]
#[ignore = "needs a browser and a netcat (chromium, chromium-driver, netcat-openbsd)"]
fn two_tabs_and_a_netcat_talk() {
    let (server, browser) = (server(), Browser::start());
    let mut nc = Command::new("nc");
    nc.args(["127.0.0.1", &server.port().to_string()]);
    let mut nc = Terminal::run(nc);
    nc.types("/nick nora\n");
    nc.skips_to("-- you are now nora\r\n");
    let alice = Tab::first(&browser, &server).named("alice");
    let bob = Tab::another(&browser, &server).named("bob");

    alice.says("déjà vu 🎉");
    nc.skips_to("<alice> déjà vu 🎉\r\n");
    bob.says("/me waves");
    nc.skips_to("* bob waves\r\n");
    nc.types("hello from a terminal\n");
    for tab in [&alice, &bob] {
        tab.shows("said", "alice", "déjà vu 🎉");
        tab.shows("emote", "bob", "waves");
        tab.shows("said", "nora", "hello from a terminal");
    }
    alice.says("/msg bob psst");
    bob.shows("private", "alice", "to you psst");
    alice.shows("private", "alice", "to bob psst");
    alice.says("/frobnicate");
    alice.shows("refused", "", "unknown command /frobnicate; try /help");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_page_talks_over_tls_with_those_who_do_not() {
    let (identity, dir, browser) = (Identity::new(), TempDir::new(), Browser::start());
    let server = identity.serve(&dir, []);
    let mut bob = Client::join(&server, "bob");
    let alice = Tab::first_over_tls(&browser, &server).named("alice");
    alice.says("hello");
    bob.wait_for(|line| line == "<alice> hello");
    bob.send("hello yourself");
    alice.shows("said", "bob", "hello yourself");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn after_a_restart_the_page_is_back_by_itself() {
    let (old, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &old).named("alice");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    alice.types("half a thought");
    let port = old.web_port().to_string();
    old.stop();
    alice.shows("bye", "", "the server is going down");
    alice.has("document.body.dataset.state === 'open'", false);
    alice.types(ENTER);
    alice.has("document.querySelector('#status').textContent.startsWith('Not sent')", true);
    alice.has("document.querySelector('#input').value", "half a thought");

    let new = Server::with(["--web-port", &port, "--rate", "0"]);
    alice.is_open();
    alice.shows_in("#room", "dev");
    alice.shows_in("#nick", "alice");
    alice.has_people(&["alice"]);
    let mut bob = Client::join(&new, "bob");
    bob.send("/join dev");
    bob.sync();
    alice.types(ENTER);
    bob.expect("<alice> half a thought");
    alice.has("document.querySelector('#input').value", "");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_page_waits_twice_as_long_after_each_failure_up_to_30_s() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.run(
        "const [status, retry] = document.querySelectorAll('#status, #retry');
        window.waits = [];
        new MutationObserver(() => {
            const [seconds] = /\\d+(?= s\\.$)/.exec(status.textContent) ?? [];
            if (seconds && window.waits.push(Number(seconds)) < 8) retry.click();
        }).observe(status, { childList: true });
        Math.random = () => 1",
        &[],
    );
    server.stop();
    // Half a second and one second look alike.
    let waits = [1, 1, 2, 4, 8, 16, 30, 30];
    for number in 1..=waits.len() {
        alice.has(&format!("window.waits.length >= {number}"), true);
    }
    alice.has("window.waits", json!(waits));
    alice.run("Math.random = () => 0", &[]);
    alice.click("#retry");
    alice.shows_in("#status", "Not connected. Trying again in 15 s.");
    alice.shows_in("#status", "Not connected. Trying again in 14 s.");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_was_sent_and_lost_is_in_the_input_again() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("this arrives");
    alice.shows("said", "alice", "this arrives");
    server.signal(Signal::STOP);
    alice.says("this does not");
    alice.types("and this was not sent");
    server.signal(Signal::KILL);
    server.wait();
    alice.has("document.querySelector('#input').value", "this does not\nand this was not sent");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_people_write_is_text_and_nothing_else() {
    const PAYLOADS: [&str; 7] = [
        "<script>hacked = 1</script>",
        "<img src=x onerror=hacked=1>",
        "\"><svg onload=hacked=1>",
        "&lt;b&gt; <b>bold</b> &amp;",
        "javascript:hacked=1",
        "{{constructor.constructor('hacked=1')()}} ${hacked=1}",
        "</p></div><iframe srcdoc='<script>top.hacked=1</script>'>",
    ];
    let dir = TempDir::new();
    let motd = dir.file("motd", PAYLOADS.join("\n"));
    let server = Server::with(["--web-port", "0", "--rate", "0", "--motd", &motd]);
    let browser = Browser::start();
    let [mut eve] = people(&server, ["eve"]);
    PAYLOADS.into_iter().for_each(|payload| eve.send(payload));
    eve.sync();

    let alice = Tab::first(&browser, &server).named("alice");
    // Who was not announced yet cannot be written to.
    eve.wait_for(|line| line.contains(" joined "));
    for payload in PAYLOADS {
        alice.shows("notice", "", payload);
        alice.shows("said", "eve", payload);
        for line in [payload.into(), format!("/me {payload}"), format!("/msg alice {payload}")] {
            eve.send(&line);
        }
        alice.has(
            &format!(
                "[...document.querySelectorAll('#log [data-kind=said] .text')]\
            .filter((text) => text.textContent === {}).length",
                json!(payload)
            ),
            2,
        );
        alice.shows("emote", "eve", payload);
        alice.shows("private", "eve", &format!("to you {payload}"));
        eve.send(&format!("/topic {payload}"));
        alice.shows_in("#topic", payload);
    }
    eve.send(&format!("/quit {}", PAYLOADS[1]));
    alice.shows("left", "", &format!("eve left: quit: {}", PAYLOADS[1]));
    alice.has("typeof hacked", "undefined");
    let foreign = "#log :not(p, time, b, span), #topic :not(a), a[href^=javascript]";
    alice.has(&format!("document.querySelectorAll('{foreign}').length"), 0);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn addresses_are_links_that_lead_out_and_tell_nothing() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    let line = "see https://example.org/a_(b)?c=d&e=%20 (or http://[::1]:80/). javascript:x data:y";
    alice.says(line);
    alice.shows("said", "alice", line);
    let links =
        "[...document.querySelectorAll('#log a')].map((a) => [a.textContent, a.rel, a.target])";
    let rest = ["noopener noreferrer", "_blank"];
    let [outer, inner] = ["https://example.org/a_(b)?c=d&e=%20", "http://[::1]:80/"];
    alice.has(links, json!([[outer, rest[0], rest[1]], [inner, rest[0], rest[1]]]));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_was_said_before_is_shown_once_and_above_the_welcome() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.send("first\n/me stretches\nthird");
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.shows("said", "bob", "third");
    let kinds = "[...document.querySelectorAll('#log > *')].map((line) => line.dataset.kind)";
    alice.has(&format!("{kinds}.slice(0, 4)"), json!(["said", "emote", "said", "welcome"]));
    alice.has(
        "document.querySelector('#log > [data-day]') === document.querySelector('#log > *')",
        true,
    );

    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    alice.has("document.querySelectorAll('#log > [data-kind=said]:not([hidden])').length", 0);
    bob.send("fourth");
    bob.sync();
    alice.says("/leave");
    alice.shows("said", "bob", "fourth");
    assert_eq!(alice.texts("said"), ["first", "third", "fourth"]);
    alice.says("/history");
    alice.shows("notice", "", "these lines are already shown");
    assert_eq!(alice.texts("said"), ["first", "third", "fourth"]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn rooms_are_listed_and_entered() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.send("/join dev");
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    let rooms = "[...document.querySelectorAll('#rooms > *')].map((one) => one.textContent)";
    alice.has(rooms, json!(["dev", "lobby"]));
    alice.click("#rooms > li:first-child button");
    alice.shows_in("#room", "dev");
    alice.has_people(&["alice", "bob"]);
    alice.says("hello dev");
    bob.wait_for(|line| line == "<alice> hello dev");

    alice.type_into("#where", &format!("#Ops{ENTER}"));
    alice.shows_in("#room", "ops");
    alice.has(rooms, json!(["dev", "lobby", "ops"]));
    alice.has("document.querySelectorAll('#log > [data-kind=said]:not([hidden])').length", 0);
    // The silent questions behind the list leave no trace.
    assert_eq!(alice.texts("notice"), [""; 0]);
    alice.reload();
    alice.shows_in("#room", "ops");
    alice.shows_in("#nick", "alice");
    // A room that is gone is not in the list, nor is a room entered again that one left.
    alice.click("#leave");
    alice.shows_in("#room", "dev");
    alice.has(rooms, json!(["dev", "lobby"]));
    alice.click("#leave");
    alice.shows_in("#room", "lobby");
    alice.reload();
    alice.shows("welcome", "", "Welcome to box7");
    // Whatever the page asked for before this is answered by then.
    alice.says("back again");
    alice.shows("said", "alice", "back again");
    alice.has("document.querySelectorAll('#rooms > * > [data-joined]').length", 1);
    alice.has_people(&["alice"]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_title_counts_what_was_not_seen() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    // A new tab has not got the focus until something is done in it.
    let behind = Tab::another(&browser, &server);
    behind.has("document.hasFocus()", false);
    let guest = behind.value("document.querySelector('#nick').textContent");
    let guest = guest.as_str().unwrap();
    bob.wait_for(|line| line.starts_with(&format!("-- {guest} joined")));
    bob.send(&format!("one\n/me two\n/msg {guest} three\n/topic four"));
    alice.says("five");
    behind.shows("said", "alice", "five");
    behind.has("document.title", "(1!) lobby · box7");
    let is_badged = "document.querySelector('#icon').href.includes('circle')";
    behind.has(is_badged, true);
    alice.has(is_badged, false);
    alice.has("document.title", "lobby · box7");
    behind.click("#input");
    behind.has("document.title", "lobby · box7");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_paste_is_sent_line_by_line_and_remembered_whole() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.click("#input");
    alice.devtools("Input.insertText", json!({ "text": "one\n\ntwo\n  three" }));
    alice.has("document.querySelector('#input').value", "one\n\ntwo\n  three");
    alice.types(ENTER);
    for line in ["one", "two", "  three"] {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
    alice.says("four");
    alice.types(&format!("draft{UP}"));
    alice.has("document.querySelector('#input').value", "four");
    alice.types(UP);
    alice.has("document.querySelector('#input').value", "one\n\ntwo\n  three");
    alice.has("document.querySelector('#input').value = ''", "");
    alice.types(&format!("bo{TAB}come here{ENTER}"));
    bob.wait_for(|said| said == "<alice> bob: come here");
}

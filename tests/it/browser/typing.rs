//! What the user types, pastes and gets back.

use serde_json::json;

use super::driver::Browser;
use super::tab::{ENTER, Tab};
use super::{TAB, UP, server};
use crate::harness::{Client, Server, Signal, TempDir, people};

const DOWN: &str = "\u{e015}";
const SHIFT_ENTER: &str = "\u{e008}\u{e007}\u{e008}";
const INPUT: &str = "document.querySelector('#input').value";

/// Inserts a text all at once.
#[track_caller]
fn paste(tab: &Tab, text: &str) {
    tab.click("#input");
    tab.devtools("Input.insertText", json!({ "text": text }));
}

/// What somebody got of people up to the answer to a ping.
#[track_caller]
fn got(client: &mut Client) -> Vec<String> {
    client.ask("").into_iter().filter(|line| !line.starts_with("-- ")).collect()
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn lines_of_one_input_go_to_one_place() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    carol.sync();
    alice.types(&format!("/msg bob a{SHIFT_ENTER}b{SHIFT_ENTER}/c{ENTER}"));
    for text in ["a", "b", "/c"] {
        bob.wait_for(|line| line == format!("[from alice] {text}"));
    }
    alice.types(&format!("/topic a{SHIFT_ENTER}b{ENTER}"));
    alice.shows_in("#status", "Not sent: /topic takes one line only.");
    alice.has(INPUT, "/topic a\nb");
    alice.run("document.querySelector('#input').value = ''", &[]);
    alice.says("end");
    carol.wait_for(|line| line == "<alice> end");
    assert_eq!(got(&mut carol), [""; 0]);
    assert_eq!(bob.ask("/topic").last().unwrap(), "-- no topic is set");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_is_pasted_is_no_command() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    let lines = ["/quit now", "// TODO", "/etc/passwd", "end"];
    paste(&alice, &lines.join("\n"));
    alice.types(ENTER);
    for line in lines {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
    paste(&alice, "/me waves");
    alice.types(ENTER);
    bob.wait_for(|line| line == "* alice waves");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn many_lines_are_sent_only_if_that_is_meant() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    let text: Vec<_> = (1..=40).map(|number| format!("line {number}")).collect();
    paste(&alice, &text.join("\n"));
    alice.types(ENTER);
    alice.shows_in("#asking-title", "Send 40 lines?");
    alice.press(&["\u{e00c}"]);
    alice.has("document.activeElement.id", "input");
    alice.has(&format!("{INPUT}.split('\\n').length"), 40);
    alice.types(ENTER);
    alice.has("document.querySelector('#asking').open", true);
    alice.press(&[ENTER]);
    for line in text {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_closed_tab_takes_the_rest_of_a_paste_along() {
    let server = Server::with(["--name", "box7", "--web-port", "0", "--rate", "5", "--burst", "5"]);
    let browser = Browser::start();
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    let text: Vec<_> = (1..=300).map(|number| format!("line {number}")).collect();
    paste(&alice, &text.join("\n"));
    alice.types(ENTER);
    alice.has("document.querySelector('#asking').open", true);
    alice.press(&[ENTER]);
    bob.wait_for(|line| line == "<alice> line 3");
    alice.run("location.href = 'about:blank'", &[]);
    let last = bob.wait_for(|line| line.contains("alice left") || line.ends_with(" line 40"));
    assert!(last.contains("alice left"), "{last}");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn passwords_are_masked_and_do_not_come_back() {
    let dir = TempDir::new();
    let server = Server::with([
        "--name",
        "box7",
        "--web-port",
        "0",
        "--rate",
        "0",
        "--state-dir",
        &dir.path("state"),
    ]);
    let browser = Browser::start();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.types("/register open sesame");
    let mask = "getComputedStyle(document.querySelector('#input')).webkitTextSecurity";
    alice.has(mask, "disc");
    alice.has("sessionStorage.getItem('draft lobby')", "");
    alice.types(ENTER);
    alice.shows("notice", "", "alice is yours now; next time: /login alice PASSWORD");
    alice.says("／login alice open sesame");
    alice.shows("refused", "", "did you mean /login? not sent");
    alice.types(UP);
    alice.has(INPUT, "/nick alice");
    alice.has(mask, "none");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_is_refused_comes_back() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("short");
    alice.shows("said", "alice", "short");
    let long = "x".repeat(2000);
    paste(&alice, &long);
    alice.types(ENTER);
    alice.shows("refused", "", "too long: 2000 bytes, the limit is 1024; not sent");
    alice.has(INPUT, long);
    // What would end the connection is not even sent.
    alice.run("document.querySelector('#input').value = 'x'.repeat(100000)", &[]);
    alice.types(ENTER);
    alice.shows_in("#status", "Not sent: a line of 100000 bytes is too long.");
    alice.has("document.body.dataset.state", "open");
    alice.has(&format!("{INPUT}.length"), 100_000);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_ping_that_is_refused_holds_nothing_up() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/ping pong");
    alice.shows("refused", "", "usage: /ping");
    (0..12).for_each(|number| alice.says(&format!("/topic t{number}")));
    alice.shows_in("#topic", "t11");
    alice.says("/ping");
    alice.shows("notice", "", "pong");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_button_that_sends_leaves_the_keyboard_of_a_phone_open() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.types("hello");
    alice.run("document.querySelector('#input').onblur = () => { window.isClosed = true; }", &[]);
    alice.click("#send");
    alice.shows("said", "alice", "hello");
    alice.has("[document.activeElement.id, window.isClosed ?? false]", json!(["input", false]));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_draft_survives_a_reload() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.types("half a thought");
    alice.reload();
    alice.has(INPUT, "half a thought");
    alice.types(ENTER);
    alice.shows("said", "alice", "half a thought");
    alice.reload();
    alice.has(INPUT, "");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn enter_that_ends_a_composition_does_not_send() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.types("にほん");
    // As Safari does it.
    let enter = "document.querySelector('#input').dispatchEvent(new KeyboardEvent('keydown', {
        key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))";
    alice.has(enter, true);
    // The button does not take the focus, or a phone's keyboard would close.
    let press = "document.querySelector('#send').dispatchEvent(
        new PointerEvent('pointerdown', { bubbles: true, cancelable: true }))";
    alice.has(press, false);
    alice.has(INPUT, "にほん");
    alice.types(ENTER);
    alice.shows("said", "alice", "にほん");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn tab_goes_through_the_names_and_up_through_the_rows() {
    let (server, browser) = (server(), Browser::start());
    let [_ann, _anton] = people(&server, ["ann", "anton"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.has_people(&["alice", "ann", "anton"]);
    alice.types(&format!("an{TAB}"));
    alice.has(INPUT, "ann: ");
    alice.types(TAB);
    alice.has(INPUT, "anton: ");
    alice.types(&format!("{TAB}hi{ENTER}"));
    alice.shows("said", "alice", "ann: hi");

    let long = "word ".repeat(60);
    alice.types(&long);
    alice.types(UP);
    alice.has(INPUT, long);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_relay_that_passes_nothing_on_is_noticed_and_left() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    server.signal(Signal::STOP);
    let earlier = "const now = Date.now; Date.now = () => now() + (window.later ?? 0)";
    alice.run(earlier, &[]);
    alice.says("lost");
    alice.run("window.later = 41000", &[]);
    alice.has("document.body.dataset.state === 'open'", false);
    alice.has(INPUT, "lost");
    server.signal(Signal::CONT);
    alice.is_open();
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_slash_lists_the_commands_with_their_help() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join ops");
    let alice = Tab::first(&browser, &server).named("alice");
    let choices = "[...document.querySelectorAll('#choices > *')].map((one) => one.innerText)";
    let listed = |text: &str, wanted: &[&str]| {
        alice.run("document.querySelector('#input').value = ''", &[]);
        alice.types(text);
        alice.has(&format!("{choices}.map((text) => text.replace(/\\s+/g, ' '))"), wanted);
    };
    alice.types("/");
    alice.has(&format!("{choices}.length > 25"), true);
    let whois = "/whois NAME show what is known about somebody";
    listed("/who", &["/who [ROOM] list who is here", whois]);
    alice.types(&format!("{DOWN}{DOWN}"));
    let active = "document.getElementById(
        document.querySelector('#input').getAttribute('aria-activedescendant')).innerText";
    alice.has(&format!("{active}.startsWith('/whois')"), true);
    alice.types(ENTER);
    alice.has(INPUT, "/whois ");
    alice.types(&format!("b{TAB}{ENTER}"));
    alice.has(
        "document.querySelector('#log > [data-kind=notice]')?.innerText.includes('bob is in lobby')",
        true,
    );
    // Enter sends what was typed, unless something was chosen.
    listed("/topi", &["/topic [TEXT] show or set the room's topic; - clears it"]);
    alice.types(&format!("c{ENTER}"));
    alice.shows("topic", "", "No topic is set");
    listed("/join ", &["lobby", "ops"]);
    alice.types(&format!("o{TAB}{ENTER}"));
    alice.shows_in("#room", "ops");
    listed("/msg ", &["carol"]);
    alice.types("\u{e00c}");
    alice.has(choices, json!([]));
    alice.has(INPUT, "/msg ");
    listed("see #lo", &["lobby"]);
    alice.types(TAB);
    alice.has(INPUT, "see #lobby ");
    bob.sync();
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn code_is_shown_as_such_and_stays_as_it_was_typed() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    let lines = [
        "see `a <b>` and ``c`` https://example.org/ `",
        "```rust",
        "fn main() {",
        "}",
        "```",
        "so",
    ];
    paste(&alice, &lines.join("\n"));
    alice.types(ENTER);
    for line in lines {
        bob.wait_for(|said| said == format!("<alice> {line}"));
        alice.shows("said", "alice", line);
    }
    let code = "[...document.querySelectorAll('#log code')].map((one) => one.innerText)";
    alice.has(code, json!(["a <b>", "c"]));
    let blocks = "[...document.querySelectorAll('#log > [data-kind=said]')].map(({ dataset }) => dataset.code ?? '')";
    alice.has(blocks, json!(["", "open", "code", "code", "close", ""]));
    // The same from the history.
    alice.reload();
    alice.shows("said", "alice", "so");
    alice.has(blocks, json!(["", "open", "code", "code", "close", ""]));
}

//! Lines that name the user: marks, the title, and notifications.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::Tab;
use crate::harness::{Irc, Server, people};

/// Texts of the lines that are marked.
const MARKED: &str = "[...document.querySelectorAll('#log > .mention[data-mention] .text')]
    .map((text) => text.textContent)";

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn lines_that_name_the_user_are_marked_also_after_a_reload() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    bob.ask("hi ALICE!\nmalice\nalice_\n/me asks alice\n/msg alice psst");
    alice.says("alice it is");
    alice.shows("said", "alice", "alice it is");
    alice.has(MARKED, json!(["hi ALICE!", "asks alice", "to you psst"]));
    alice.reload();
    alice.shows("emote", "bob", "asks alice");
    alice.shows_in("#nick", "alice");
    alice.has(MARKED, json!(["hi ALICE!", "asks alice"]));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_line_to_the_operators_is_marked_like_any_other() {
    let browser = Browser::start();
    let server = Server::with(["--rate", "0", "--web-port", "0", "--irc-port", "0"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    let mut ann = Irc::named(&server, "ann");
    ann.ask("JOIN #dev\r\nPRIVMSG @#dev :one\r\nPRIVMSG @#dev :alice, look");
    alice.has(MARKED, json!(["ann to operators of dev: alice, look"]));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_title_counts_them_while_one_looks_elsewhere() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    alice.run("document.hasFocus = () => false", &[]);
    bob.ask("one\ntwo");
    alice.has("document.title", "(2) lobby · box7");
    bob.ask("alice\n/msg alice psst");
    alice.has("document.title", "(2!) lobby · box7");
    alice.run("delete document.hasFocus; window.onfocus()", &[]);
    alice.has("document.title", "lobby · box7");
}

/// Stands in for the browser's notifications, which a headless one does not show.
pub(super) const STUB: &str = "
    window.asked = 0;
    window.shown = [];
    window.Notification = class {
        static permission = 'default';
        static async requestPermission() {
            window.asked += 1;
            return (Notification.permission = arguments.length ? 'denied' : 'granted');
        }
        constructor(title, { body, tag }) {
            window.shown.push([title, body, tag]);
            window.last = this;
        }
        close() {}
    };
    window.focus = () => { window.focused = true; };
    Object.defineProperty(document, 'hidden', { get: () => window.isHidden ?? false });
    document.hasFocus = () => !document.hidden";

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn notifications_are_asked_for_by_a_click_and_shown_while_the_page_is_hidden() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    alice.run(STUB, &[]);
    bob.ask("alice, one");
    alice.shows("said", "bob", "alice, one");
    alice.has("[window.asked, document.querySelector('#notify').checked]", json!([0, false]));
    alice.click("#notify");
    alice.has("[window.asked, document.querySelector('#notify').checked]", json!([1, true]));
    alice.has("localStorage.getItem('notify')", "on");

    bob.ask("alice, two");
    alice.shows("said", "bob", "alice, two");
    alice.run("window.isHidden = true", &[]);
    bob.ask("three\nalice, <b>four</b>\n/msg alice five");
    let wanted = json!([["bob", "alice, <b>four</b>", "lobby"], ["bob", "five", "@bob"]]);
    alice.has("window.shown", wanted);
    alice.run("window.last.onclick()", &[]);
    alice.has("window.focused", true);

    alice.run("window.isHidden = false", &[]);
    alice.shows_in("#room", "bob");
    alice.click("#rooms button");
    alice.click("#notify");
    alice.has("localStorage.getItem('notify')", "off");
    alice.run("window.isHidden = true", &[]);
    bob.ask("alice, six");
    alice.shows("said", "bob", "alice, six");
    alice.has("window.shown.length", 2);
}

//! Rooms that people own: roles, settings and invitations on the page.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::{Client, Server, TempDir, people};
use crate::order::manage;

const ROLES: &str = "[...document.querySelectorAll('#people > *')]
    .map(({ textContent, dataset }) => [textContent, dataset.role ?? ''])";

/// Opens the menu at a name, and takes an action.
#[track_caller]
pub(super) fn does(tab: &Tab, nick: &str, action: &str) {
    let script = "document.querySelector(`#people > [data-key=${arguments[0]}]`)
        .dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
        const items = [...document.querySelectorAll('#actions > [role=menuitem]')];
        items.find((item) => item.textContent === arguments[1]).click()";
    tab.run(script, &[json!(nick), json!(action)]);
}

/// A server with its operator boss in the lobby, and its state directory.
#[track_caller]
fn operated() -> (TempDir, Server, Client) {
    let dir = TempDir::new();
    manage(&dir, "account add boss --operator", "open sesame\n");
    let state = dir.path("");
    let server = Server::with(["--web-port", "0", "--rate", "0", "--state-dir", &state]);
    let [mut boss] = people(&server, ["ann"]);
    boss.ask("/login boss open sesame");
    (dir, server, boss)
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn operators_give_roles_kick_and_set_what_holds_in_their_room() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.has(ROLES, json!([["alice", "operator"]]));
    bob.ask("/join dev");
    alice.has(ROLES, json!([["alice", "operator"], ["bob", ""]]));
    does(&alice, "bob", "Give voice");
    alice.shows("role", "", "alice gave bob voice");
    alice.has(ROLES, json!([["alice", "operator"], ["bob", "voice"]]));
    alice.says("hello");
    alice.shows_in("#log > [data-kind=said][data-role=operator] .text", "hello");
    bob.wait_for(|line| line == "-- alice gave bob voice");
    does(&alice, "bob", "Take voice");
    alice.shows("role", "", "alice took voice from bob");
    does(&alice, "bob", "Kick…");
    alice.has("document.querySelector('#reason').open", true);
    // The room is the one in which the question was asked.
    alice.run("history.back()", &[]);
    alice.has("document.querySelector('h1').textContent", "lobby");
    alice.type_into("#why", &format!("spam{ENTER}"));
    bob.wait_for(|line| line == "!! kicked from dev by alice: spam");
    alice.run("history.forward()", &[]);
    alice.has("document.querySelector('h1').textContent", "dev");

    alice.click("#setup");
    alice.shows_in("#settings-people", "operators alice");
    alice.click("#settings [name=invite-only]");
    alice.has("document.querySelector('h1').hasAttribute('data-private')", true);
    alice.type_into("#settings [name=limit]", &format!("5{ENTER}"));
    bob.sync();
    assert_eq!(bob.ask("/join dev"), ["!! dev is invite-only"]);
    alice.says("/room");
    alice.has("document.querySelector('#settings [name=limit]').value", "5");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn an_invitation_has_a_button_and_whoever_is_kicked_is_told() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    bob.ask("/join ops\n/room invite-only on\n/invite alice");
    alice.shows("invited", "", "bob invites you to ops. Join ops");
    alice.click("#log .join");
    alice.shows_in("#room", "ops");
    alice.has(ROLES, json!([["alice", ""], ["bob", "operator"]]));
    alice.has("document.querySelector('#rooms [data-private]').textContent", "ops");
    // Only operators can change something.
    alice.click("#setup");
    alice.has("document.querySelectorAll('#settings-list input:enabled').length", 0);
    alice.click("#settings button:last-child");
    // The menu needs no mouse.
    alice.run("document.querySelector('#people > [data-key=bob] button').focus()", &[]);
    let focused = "document.activeElement.textContent";
    alice.press(&["\u{e014}"]);
    alice.has(focused, "Write privately");
    alice.press(&["\u{e013}"]);
    alice.has(focused, "Ignore");
    alice.press(&["\u{e00c}"]);
    alice.has(focused, "bob");
    // Also while one writes to somebody: behind that is another room then.
    bob.ask("/msg alice psst");
    alice.shows("private", "bob", "to you psst");
    alice.click("#talks > [data-key='@bob'] button");
    alice.has_people(&["alice", "bob"]);
    bob.ask("/kick alice bye");
    alice.has("document.querySelector('#rooms [data-private]')", json!(null));
    alice.shows_in("#room", "bob");
    alice.has_people(&["alice"]);
    alice.shows_in("#here", "1");
    alice.has("document.title", "lobby · box7");
    alice.reload();
    // Whatever the page asked for before this is answered by then.
    alice.says("back again");
    alice.shows("said", "alice", "back again");
    assert_eq!(alice.texts("refused"), [""; 0]);
    // The settings are those of a room that one is in.
    bob.ask("/invite alice");
    alice.shows("invited", "", "bob invites you to ops. Join ops");
    alice.click("#log .join");
    alice.shows_in("#room", "ops");
    alice.click("#setup");
    alice.has("document.querySelector('#settings').open", true);
    bob.ask("/kick alice bye");
    alice.has("document.querySelector('#settings').open", false);
    alice.shows("kicked", "", "You were kicked from ops by bob: bye");
    alice.shows_in("#room", "lobby");
    alice.has("document.querySelectorAll('#rooms [data-joined]').length", 1);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn operators_of_the_server_mute_and_ban_by_the_menu_at_a_name() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    manage(&dir, "account add alice --operator", "open sesame\n");
    let state = dir.path("");
    let server = Server::with(["--web-port", "0", "--rate", "0", "--state-dir", &state]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    let alice = Tab::first(&browser, &server);
    bob.send("buy this");
    alice.shows("said", "bob", "buy this");
    alice.click("#log > [data-kind=said] .nick");
    let items = "[...document.querySelectorAll('#actions > *')].map((one) => one.textContent)";
    alice.has(items, json!(["Write privately", "Who is that?", "Ignore"]));
    alice.press(&["\u{e00c}"]);
    alice.says("hello");
    alice.says("/login alice open sesame");
    alice.shows("notice", "", "you are logged in as alice");
    alice.says("done");
    carol.wait_for(|line| line == "<alice> done");
    let rank =
        "getComputedStyle(document.querySelector('#people > [data-key=alice] .nick'), '::before')
        .content.includes('★')";
    alice.has(rank, true);
    let marked = "[...document.querySelectorAll('#log > [data-staff] .text')]
        .map((text) => text.textContent)";
    alice.has(marked, json!(["done"]));
    does(&alice, "bob", "Mute on this server…");
    alice.type_into("#time", &format!("10m{ENTER}"));
    alice.shows("notice", "", "bob is muted for 10m");
    bob.sync();
    assert_eq!(bob.ask("more"), ["!! you are muted for 10m"]);
    does(&alice, "bob", "Ban from this server…");
    alice.type_into("#time", "1h");
    alice.type_into("#why", &format!("spam{ENTER}"));
    bob.wait_for(|line| line.starts_with("!! ") && line.ends_with("spam"));

    // Who is ignored stays so on the next connection.
    does(&alice, "carol", "Ignore");
    alice.shows("notice", "", "you are ignoring carol");
    alice.shows_in("#people > [data-ignored]", "carol");
    let port = server.web_port().to_string();
    server.stop();
    alice.shows("bye", "", "the server is going down");
    let server = Server::with(["--web-port", &port, "--rate", "0", "--state-dir", &state]);
    let [mut carol, mut dave] = people(&server, ["carol", "dave"]);
    alice.is_open();
    // The page asks for it before this.
    alice.says("back");
    dave.wait_for(|line| line == "<alice> back");
    carol.ask("not heard");
    dave.ask("heard");
    alice.shows("said", "dave", "heard");
    assert_eq!(alice.count("said", "carol", "not heard"), 0);
    assert_eq!(alice.count("notice", "", "you are ignoring carol"), 1);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn who_is_kicked_from_the_server_is_told_why_and_may_come_back() {
    let ((_dir, server, mut boss), browser) = (operated(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    boss.wait_for(|line| line.contains(" joined "));
    boss.ask("/kick alice too loud");
    let words = "The server closed the connection: kicked by boss: too loud.";
    alice.shows_in("#status", words);
    alice.click("#retry");
    alice.is_open();
    alice.shows_in("#nick", "alice");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_room_that_is_closed_on_coming_back_is_left_behind_a_conversation_too() {
    let ((_dir, server, mut boss), browser) = (operated(), Browser::start());
    boss.ask("/join dev");
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    boss.wait_for(|line| line.starts_with("-- alice joined"));
    boss.ask("/msg alice psst");
    alice.click("#talks > [data-key='@boss'] button");
    alice.shows_in("#room", "boss");
    boss.ask("/room key s3cret");
    boss.ask("/kick alice");
    alice.click("#retry");
    alice.is_open();
    alice.has("document.querySelectorAll('#rooms [data-joined]').length", 1);
    alice.shows_in("#room", "boss");
    // A command holds for the room behind the conversation.
    alice.says("/who");
    alice.has("document.querySelector('#log').textContent.includes('lobby (1 here): alice')", true);
}

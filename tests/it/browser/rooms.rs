//! Several rooms at once, and conversations with one person.

use serde_json::json;
use tungstenite::Message;

use super::driver::Browser;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::{WebSocket, people};

const ROOMS: &str = "[...document.querySelectorAll('#rooms > *')].map((one) => one.textContent)";
const SAID: &str = "[...document.querySelectorAll('#log > [data-kind=said]:not([hidden]) .text')]
    .map((text) => text.textContent)";
const INPUT: &str = "document.querySelector('#input').value";

/// Goes to a room in the list.
#[track_caller]
fn goes_to(tab: &Tab, room: &str) {
    tab.click(&format!("#rooms > [data-key={room}] button"));
    tab.shows_in("#room", room);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_is_said_elsewhere_is_counted_there_and_marked_where_one_stopped_reading() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.ask("first");
    alice.shows("said", "bob", "first");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    bob.ask("second\nalice?");
    let lobby = "(({ dataset, ariaLabel }) => [dataset.unread, ariaLabel])\
        (document.querySelector('#rooms > [data-key=lobby] button'))";
    alice.has(lobby, json!(["2", "lobby, 1 naming you, 2 unread, 2 here"]));
    let badge = "getComputedStyle(
        document.querySelector('#rooms > [data-key=lobby] button'), '::after').content";
    alice.has(&format!("{badge}.includes('!')"), true);
    alice.has(SAID, json!([]));
    alice.says("in dev");
    alice.has(SAID, json!(["in dev"]));
    assert_eq!(bob.ask("/who")[0], "-- lobby (2 here): bob, alice");

    goes_to(&alice, "lobby");
    alice.has(SAID, json!(["first", "second", "alice?"]));
    alice.has("document.querySelector('#log > [data-first] .text').textContent", "second");
    alice.has(lobby, json!(["", "lobby, 2 here"]));
    goes_to(&alice, "dev");
    alice.has("document.querySelectorAll('#log > [data-first]').length", 0);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_room_is_in_the_address_and_one_can_go_back_and_forth() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.has("location.hash", "#dev");
    alice.types("for dev");
    alice.run("history.back()", &[]);
    alice.shows_in("#room", "lobby");
    alice.has(INPUT, "");
    alice.run("history.forward()", &[]);
    alice.shows_in("#room", "dev");
    alice.has(INPUT, "for dev");
    bob.ask("/join dev");

    // A link that was sent to somebody.
    alice.click("#share");
    let link = format!("http://127.0.0.1:{}/#dev", server.web_port());
    alice.shows_in("#log > [data-kind=notice]:not([hidden]) a", &link);
    // The browser may take its time, and ask.
    let slow = "navigator.clipboard.writeText = () => new Promise((done) => window.copy = done)";
    alice.run(slow, &[]);
    alice.click("#share");
    goes_to(&alice, "lobby");
    alice.run("window.copy()", &[]);
    goes_to(&alice, "dev");
    let links = "[...document.querySelectorAll('#log > [data-kind=notice]:not([hidden]) a')]
        .map((link) => link.textContent)";
    alice.has(links, json!([link, link]));
    let carol = Tab::another_at(&browser, &link);
    carol.shows_in("#room", "dev");
    let carol = carol.named("carol");
    carol.says("here I am");
    bob.wait_for(|line| line == "<carol> here I am");
    carol.reload();
    carol.shows_in("#room", "dev");
    carol.has(ROOMS, json!(["dev", "lobby"]));
    carol.has("document.querySelectorAll('#rooms [data-joined]').length", 2);
    carol.click("#leave");
    carol.shows_in("#room", "lobby");
    bob.wait_for(|line| line == "-- carol left: parted (2 here)");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_conversation_is_an_entry_of_its_own() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob, mut eve] = people(&server, ["bob", "eve"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.wait_for(|line| line.contains(" joined "));
    bob.ask("/msg alice psst");
    eve.ask("/msg alice hey");
    alice.shows("private", "bob", "to you psst");
    alice.has(
        "[...document.querySelectorAll('#talks > *')].map((one) => one.textContent)",
        json!(["bob", "eve"]),
    );
    alice.click("#talks > [data-key='@bob'] button");
    alice.shows_in("#room", "bob");
    alice.has("document.querySelectorAll('#log > [data-kind=private]:not([hidden])').length", 1);
    alice.says("what?");
    bob.wait_for(|line| line == "[from alice] what?");
    alice.says("/whois bob");
    alice.has("document.querySelector('#log > [data-kind=notice]:not([hidden])') !== null", true);
    alice.says("/leave");
    alice.shows_in("#room", "lobby");
    assert!(!bob.ask("").iter().any(|line| line.contains("<alice>")));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn older_lines_come_when_one_scrolls_up() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    (1..=90).for_each(|number| bob.send(&format!("line {number}")));
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.shows("said", "bob", "line 90");
    assert_eq!(alice.count("said", "bob", "line 50"), 0);
    alice.run("document.querySelector('#log').scrollTop = 0", &[]);
    alice.shows("said", "bob", "line 50");
    alice.has(&format!("{SAID}[0]"), "line 1");
    assert_eq!(alice.texts("notice"), [""; 0]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn keys_lead_to_rooms_and_long_lists_leave_the_rest_in_reach() {
    let (server, browser) = (server(), Browser::start());
    let mut bob = WebSocket::connect_json(&server);
    bob.send_message(Message::text(r#"{"t":"hello","rooms":"many"}"#));
    (9..39).for_each(|number| bob.send(&format!("/join room{number}")));
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.has("document.querySelectorAll('#rooms > *').length", 31);
    let second = "document.querySelector('#rooms > :nth-child(3)').textContent";
    alice.has(second, "room10");
    let control = "\u{e009}";
    alice.press(&[control, "k"]);
    alice.has("document.activeElement.id", "where");
    alice.type_into("#where", "room38");
    alice.has("document.querySelectorAll('#rooms > :not([hidden])').length", 1);
    alice.type_into("#where", ENTER);
    alice.shows_in("#room", "room38");
    for (keys, room) in [(["\u{e00a}", "\u{e013}"], "lobby"), (["\u{e00a}", "\u{e015}"], "room38")]
    {
        alice.press(&keys);
        alice.shows_in("#room", room);
    }
    let is_in_sight = "['#where', '#people > *', '#notify', '#prefer']
        .map((one) => document.querySelector(one)?.getBoundingClientRect() ?? {})
        .every(({ top, bottom }) => top >= 0 && bottom <= innerHeight)";
    alice.has(is_in_sight, true);
    let side = "document.querySelector('#side > .setting')";
    alice.has(&format!("{side}.scrollHeight <= {side}.clientHeight"), true);
    // On a small phone, too, many rooms are not in the way.
    let phone = json!({ "width": 320, "height": 568, "deviceScaleFactor": 2, "mobile": true });
    alice.devtools("Emulation.setDeviceMetricsOverride", phone);
    alice.click("#menu");
    let is_near = "['#where', '#people > *'].map((one) => document.querySelector(one))
        .every((one) => one.getBoundingClientRect().bottom <= innerHeight)";
    alice.has(is_near, true);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn who_comes_back_sees_where_reading_stopped() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    bob.ask("/join dev\nread");
    alice.shows("said", "bob", "read");
    goes_to(&alice, "lobby");
    alice.run("location.href = 'about:blank'", &[]);
    bob.wait_for(|line| line.contains("alice left"));
    bob.ask("alice, one\ntwo");
    alice.go_to(&server);
    alice.shows_in("#nick", "alice");
    let dev = "document.querySelector('#rooms > [data-key=dev] button')?.ariaLabel";
    alice.has(dev, "dev, 1 naming you, 2 unread, 2 here");
    goes_to(&alice, "dev");
    alice.shows_in("#log > [data-first] .text", "alice, one");
    alice.has(dev, "dev, 2 here");
}

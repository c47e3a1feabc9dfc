//! The page with a screen reader or without a mouse: what Chromium exposes to screen readers, and
//! where Tab leads.

use std::time::Instant;

use serde_json::json;

use super::driver::Browser;
use super::tab::{ENTER, Tab};
use super::tree::Tree;
use super::{TAB, server};
use crate::harness::{PATIENCE, people};

const SHIFT: &str = "\u{e008}";
const ESCAPE: &str = "\u{e00c}";
const SPACE: &str = " ";

/// Presses keys until the focus is on this.
#[track_caller]
fn tabs_to(tab: &Tab, keys: &[&str], wanted: &str) {
    let mut seen = Vec::new();
    while seen.len() < 20 {
        tab.press(keys);
        let focused = Tree::of(tab).focused();
        if focused == wanted {
            return;
        }
        seen.push(focused);
    }
    panic!("no {wanted} among {seen:?}");
}

/// Waits until the focus is here.
#[track_caller]
fn has_focus(tab: &Tab, wanted: &str) {
    let focused = || Tree::of(tab).focused();
    let deadline = Instant::now() + PATIENCE;
    while focused() != wanted {
        assert!(Instant::now() < deadline, "the focus is on {} instead of {wanted}", focused());
    }
}

fn be_a_phone(tab: &Tab) {
    let phone = json!({ "width": 320, "height": 568, "deviceScaleFactor": 2, "mobile": true });
    tab.devtools("Emulation.setDeviceMetricsOverride", phone);
    tab.has("innerWidth", 320);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_page_has_landmarks_headings_and_lists() {
    let (server, browser) = (server(), Browser::start());
    let [_bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.has_people(&["alice", "bob"]);
    let tree = Tree::of(&alice);
    let outline = [
        "complementary Rooms and people",
        "heading Rooms",
        "list Rooms",
        "heading People 2",
        "list People 2",
        "main",
        "heading lobby",
        "log Messages",
        "status",
    ];
    let roles = ["complementary", "main", "heading", "list", "log", "status", "navigation"];
    assert_eq!(tree.outline(|node| roles.contains(&node.role())), outline);
    let levels = tree.all("heading").map(|node| node.property("level").clone());
    assert_eq!(levels.collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(alice.value("document.documentElement.lang"), "en");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_somebody_says_is_read_out_and_what_was_said_before_is_not() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.send("long ago");
    bob.sync();
    let alice = Tab::first(&browser, &server).named("alice");
    alice.shows("said", "bob", "long ago");
    alice.has("document.querySelector('#log').ariaLive", "polite");
    bob.send("just now");
    alice.shows("said", "bob", "just now");
    let tree = Tree::of(&alice);
    let log = tree.all("log").next().unwrap();
    assert_eq!((log.property("live"), log.property("atomic")), (&json!("polite"), &json!(false)));
    let heard = tree.texts_in(log);
    // The name is told with each line, though it is not shown again.
    let [.., "bob", "just now"] = heard[..] else { panic!("{heard:?}") };
    let status = tree.all("status").next().unwrap();
    assert_eq!(status.property("live"), "polite");

    // Whoever goes elsewhere is told so, and what was said there is not read out.
    alice.run(
        "const log = document.querySelector('#log');
        window.loud = [];
        new MutationObserver((changes) => changes.forEach(({ addedNodes }) => {
            const said = [...addedNodes].some(({ dataset }) => dataset.kind === 'said');
            if (said) window.loud.push(log.ariaLive);
        })).observe(log, { childList: true })",
        &[],
    );
    bob.ask("/join dev");
    bob.ask("in dev");
    alice.says("/join dev");
    alice.shows("said", "bob", "in dev");
    alice.has("window.loud", json!(["off"]));
    let tree = Tree::of(&alice);
    let heading = tree.all("heading").last().unwrap();
    assert_eq!((heading.name(), tree.within(heading, "live")), ("dev", true));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn tab_leads_to_all_that_can_be_used_in_the_order_of_reading() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev");
    let alice = Tab::first(&browser, &server).named("alice");
    bob.send("see https://example.org/");
    alice.shows("said", "bob", "see https://example.org/");
    let usable = [
        "searchbox Search",
        "button dev, 1 here",
        "button lobby, 2 here",
        "textbox Join or create a room",
        "button Join",
        "button alice you",
        "button bob",
        "switch Notify me of lines that name me",
        "button Preferences…",
        "button Copy the link to this room",
        "log Messages",
        "link https://example.org/",
        "button alice",
        "textbox Message",
        "button Send",
    ];
    let tree = Tree::of(&alice);
    let found = tree.outline(|node| {
        // The side takes the focus from the menu only.
        node.property("focusable") == true && node.role() != "complementary"
    });
    assert_eq!(found, usable);
    // Whoever comes can write at once.
    has_focus(&alice, "textbox Message");
    tabs_to(&alice, &[TAB], "button Send");
    // Behind the last comes the browser itself.
    alice.press(&[TAB]);
    for wanted in usable {
        alice.press(&[TAB]);
        has_focus(&alice, wanted);
        let outline = "(({ outlineStyle, outlineWidth, outlineColor }) =>
            [outlineStyle, outlineWidth, outlineColor])(getComputedStyle(document.activeElement))";
        assert_eq!(alice.value(outline), json!(["solid", "2px", "rgb(11, 107, 93)"]), "{wanted}");
    }
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn all_that_can_be_used_has_a_name() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server);
    let are_named = |what: &str| {
        let nameless = Tree::of(&alice)
            .outline(|node| node.property("focusable") == true && node.name().trim().is_empty());
        // The document itself.
        assert_eq!(
            nameless.iter().filter(|node| !node.starts_with("Root")).count(),
            0,
            "{what} {nameless:?}"
        );
    };
    are_named("the first visit");
    alice.type_into("#name", &format!("alice{ENTER}"));
    alice.says("/join dev\n/topic releases");
    alice.shows_in("#room", "dev");
    alice.has("document.querySelector('#setup').hidden", false);
    are_named("a room");
    for opener in ["nick", "prefer", "setup"] {
        alice.run("document.getElementById(arguments[0]).click()", &[json!(opener)]);
        alice.has("document.querySelector('dialog:modal') !== null", true);
        are_named(opener);
        alice.run("document.querySelector('dialog:modal').close()", &[]);
    }
    alice.types("/");
    alice.has("document.querySelectorAll('#choices > *').length > 9", true);
    are_named("the commands");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn after_the_dialog_the_focus_is_where_one_writes() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    for leave in [&[ENTER][..], &[ESCAPE], &[TAB, ENTER], &[TAB, TAB, TAB, SPACE]] {
        tabs_to(&alice, &[SHIFT, TAB], "button alice");
        alice.press(&[ENTER]);
        let question = "What should people call you?";
        has_focus(&alice, &format!("textbox {question}"));
        let tree = Tree::of(&alice);
        let dialog = tree.all("dialog").next().unwrap();
        assert_eq!((dialog.name(), dialog.property("modal")), (question, &json!(true)));
        let rule = "1 to 16 letters, digits, _ and -, beginning with a letter.";
        assert_eq!(tree.all("textbox").map(|node| node.description()).collect::<Vec<_>>(), [rule]);
        let usable = [&format!("textbox {question}"), "button Cancel", "button Take this name"];
        let found = tree.outline(|node| {
            node.property("focusable") == true && ["textbox", "button"].contains(&node.role())
        });
        assert_eq!(found, usable);
        leave.iter().for_each(|key| alice.press(&[key]));
        has_focus(&alice, "textbox Message");
    }
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn rooms_and_people_need_no_mouse() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let alice = Tab::first(&browser, &server).named("alice");
    tabs_to(&alice, &[SHIFT, TAB], "button dev, 1 here");
    alice.press(&[ENTER]);
    alice.shows_in("#room", "dev");
    alice.has("document.querySelector('[aria-current=true]').textContent", "dev");
    alice.has_people(&["alice", "bob"]);
    tabs_to(&alice, &[TAB], "button bob");
    alice.press(&[SPACE]);
    has_focus(&alice, "textbox Message");
    alice.has("document.querySelector('#input').value", "/msg bob ");
    alice.types(&format!("psst{ENTER}"));
    bob.wait_for(|line| line == "[from alice] psst");
    tabs_to(&alice, &[SHIFT, TAB], "textbox Join or create a room");
    alice.press(&["o"]);
    alice.press(&[ENTER]);
    alice.shows_in("#room", "o");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn on_a_phone_the_focus_goes_to_the_side_and_comes_back() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let alice = Tab::first(&browser, &server).named("alice");
    be_a_phone(&alice);
    let menu = "button Rooms and people";
    let is_open = |alice: &Tab, open: bool| {
        alice.has(
            "getComputedStyle(document.querySelector('#side')).visibility",
            match open {
                true => "visible",
                false => "hidden",
            },
        );
        let tree = Tree::of(alice);
        assert_eq!(tree.all("list").count(), if open { 2 } else { 0 });
        if !open {
            let menu = tree.all("button").find(|node| node.name() == "Rooms and people").unwrap();
            assert_eq!(menu.property("expanded"), false);
        }
    };
    tabs_to(&alice, &[SHIFT, TAB], menu);
    is_open(&alice, false);
    alice.press(&[ENTER]);
    has_focus(&alice, "complementary Rooms and people");
    is_open(&alice, true);
    alice.press(&[TAB]);
    has_focus(&alice, "searchbox Search");
    alice.press(&[TAB]);
    has_focus(&alice, "button dev, 1 here");
    alice.press(&[ENTER]);
    alice.shows_in("#room", "dev");
    has_focus(&alice, menu);
    is_open(&alice, false);

    // Whoever leaves it behind does not have it in the way.
    alice.press(&[SPACE]);
    has_focus(&alice, "complementary Rooms and people");
    tabs_to(&alice, &[TAB], menu);
    is_open(&alice, false);
    alice.press(&[ENTER]);
    has_focus(&alice, "complementary Rooms and people");
    alice.press(&[ESCAPE]);
    has_focus(&alice, menu);
    is_open(&alice, false);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_button_that_hides_does_not_take_the_focus_along() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    (0..100).for_each(|number| bob.send(&format!("line {number}")));
    alice.shows("said", "bob", "line 99");
    alice.run("document.querySelector('#log').scrollTop = 0", &[]);
    alice.has("document.querySelector('#log').style.overflowAnchor", "auto");
    bob.send("down here");
    alice.shows_in("#new", "1 new message");
    tabs_to(&alice, &[SHIFT, TAB], "button 1 new message");
    alice.press(&[ENTER]);
    has_focus(&alice, "log Messages");
    alice.has("document.querySelector('#new').hidden", true);
    // What is typed goes to the input all the same.
    alice.press(&["x"]);
    has_focus(&alice, "textbox Message");

    server.stop();
    alice.has("document.querySelector('#retry').hidden", false);
    // It would hide by itself each time that the page tries again.
    alice.run("document.querySelector('#retry').focus()", &[]);
    alice.run("document.querySelector('#retry').click()", &[]);
    has_focus(&alice, "log Messages");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn nothing_moves_for_those_who_want_that() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    be_a_phone(&alice);
    let moving = "document.body.dataset.state = 'connecting';
        document.querySelector('#menu').click();
        const name = ({ effect: { target } }) => target.id || target.classList[0];
        const moving = new Set(document.getAnimations().map(name));
        document.querySelector('#menu').click();
        return [...moving].sort()";
    for (wish, moves) in [("no-preference", json!(["bubble", "side"])), ("reduce", json!([]))] {
        let features = json!([{ "name": "prefers-reduced-motion", "value": wish }]);
        alice.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
        alice.has(&format!("matchMedia('(prefers-reduced-motion: {wish})').matches"), true);
        assert_eq!(alice.run(moving, &[]), moves, "{wish}");
    }
}

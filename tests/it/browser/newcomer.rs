//! Who comes for the first time: a name, an account, and what is kept for the next time.

use rusqlite::Connection;
use serde_json::json;

use super::driver::Browser;
use super::mentions::STUB;
use super::owned::does;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::{Client, Server, TempDir, people};
use crate::order::manage;

const RULE: &str = "document.querySelector('#naming-rule').textContent";
const IS_OPEN: &str = "document.querySelector('#naming').open";
const FOCUSED: &str = "document.activeElement.id";

/// The rooms that were ever in the list, for a page that is not there yet.
const ALL_ROOMS: &str = "
    window.all = new Set();
    new MutationObserver(() => document.querySelectorAll('#rooms > *')
        .forEach(({ dataset }) => window.all.add(dataset.key)))
        .observe(document, { childList: true, subtree: true })";

/// Replaces what is in the field.
#[track_caller]
fn enters(tab: &Tab, selector: &str, text: &str) {
    tab.run("document.querySelector(arguments[0]).value = ''", &[json!(selector)]);
    tab.type_into(selector, text);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_guest_is_asked_for_a_name_or_an_account_once() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    manage(&dir, "account add alice", "open sesame\n");
    let state = dir.path("");
    let server = Server::with(["--web-port", "0", "--rate", "0", "--state-dir", &state]);
    let [_bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server);
    alice.has(FOCUSED, "name");
    alice.shows_in("#naming-where", "You are in #lobby.");
    for (typed, rule) in [
        ("9a", "A name begins with a letter."),
        ("José", "A name cannot contain “é”."),
        ("B0B", "bob is here already."),
        ("Admin", "Admin is reserved."),
        ("a123456789-123456", "A name has at most 16 characters; this one has 17."),
        ("ann", "1 to 16 letters, digits, _ and -, beginning with a letter."),
    ] {
        enters(&alice, "#name", typed);
        alice.has(RULE, rule);
    }
    enters(&alice, "#name", "bob");
    alice.shows_in("#offer", "Take bob-2");

    // A name that is registered asks for its password, which nothing remembers.
    enters(&alice, "#name", &format!("alice{ENTER}"));
    alice.has(RULE, "alice is registered. If it is yours, type its password.");
    alice.has(FOCUSED, "password");
    alice.type_into("#password", &format!("open barley{ENTER}"));
    alice.has(RULE, "wrong password.");
    // After a wrong one, the server may want a pause.
    while alice.value(IS_OPEN) == true {
        alice.run("document.querySelector('#naming-rule').textContent = ''", &[]);
        enters(&alice, "#password", &format!("open sesame{ENTER}"));
        alice.has(&format!("{RULE} !== '' || !{IS_OPEN}"), true);
    }
    alice.shows_in("#nick", "alice");
    alice.has(IS_OPEN, false);
    alice.has(FOCUSED, "input");
    alice.shows("notice", "", "you are logged in as alice");
    assert_eq!(alice.texts("refused"), [""; 0]);
    let anywhere = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }])
        + document.documentElement.outerHTML
        + [...document.querySelectorAll('input, textarea')].map((one) => one.value)";
    alice.has(&format!("({anywhere}).includes('sesame')"), false);
    alice.types("\u{e013}");
    alice.has("document.querySelector('#input').value", "");
    let fields =
        "[...document.querySelectorAll('#name, #password')].map((one) => one.autocomplete)";
    alice.has(fields, json!(["username", "current-password"]));
    alice.reload();
    alice.has(IS_OPEN, false);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_name_is_kept_with_a_password_by_the_same_dialog() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let state = dir.path("");
    let server = Server::with(["--web-port", "0", "--rate", "0", "--state-dir", &state]);
    let alice = Tab::first(&browser, &server);
    alice.type_into("#name", "alice");
    alice.click("#has-account");
    alice.has("document.querySelector('#keep-name').checkVisibility()", false);
    alice.click("#has-account");
    alice.click("#keep-name");
    alice.has("document.querySelector('#has-account').checkVisibility()", false);
    alice.has(FOCUSED, "password");
    alice.has("document.activeElement.autocomplete", "new-password");
    alice.type_into("#password", &format!("open sesame{ENTER}"));
    alice.shows("notice", "", "alice is yours now; next time: /login alice PASSWORD");
    alice.has(IS_OPEN, false);
    let mut thief = Client::guest(&server);
    assert_eq!(thief.ask("/nick alice"), ["!! alice is registered; /login alice PASSWORD"]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn who_does_not_want_a_name_writes_as_a_guest() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let link = format!("http://127.0.0.1:{}/#dev", server.web_port());
    let guest = Tab::first_at(&browser, "about:blank");
    guest.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ALL_ROOMS }));
    guest.run("location.href = arguments[0]", &[json!(link)]);
    guest.is_open();
    guest.shows_in("#room", "dev");
    guest.shows_in("#naming-where", "You are in #dev.");
    guest.has("[...window.all].sort()", json!(["dev", "lobby"]));
    bob.ask("/join dev");
    guest.says("hello");
    bob.wait_for(|line| line.ends_with("> hello"));
    guest.has(IS_OPEN, true);
    guest.click("#cancel");
    guest.has(IS_OPEN, false);
    guest.has(FOCUSED, "input");
    guest.reload();
    guest.shows_in("#room", "dev");
    guest.has(IS_OPEN, false);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_duplicated_tab_is_somebody_else() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    // As duplicating does, this copies the storage of the tab.
    alice.run("window.open(location.href)", &[]);
    let twin = Tab::opened(&browser, &alice);
    twin.is_open();
    twin.shows_in("#room", "dev");
    twin.has("document.querySelector('#nick').textContent.startsWith('guest')", true);
    alice.reload();
    alice.shows_in("#nick", "alice");
    twin.has("document.querySelector('#nick').textContent.startsWith('guest')", true);
    let twin = twin.named("bob");
    twin.reload();
    twin.shows_in("#nick", "bob");
    alice.shows_in("#nick", "alice");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn preferences_are_kept_in_the_browser() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    let page = "getComputedStyle(document.body).backgroundColor";
    alice.has(page, "rgb(252, 251, 248)");
    alice.click("#prefer");
    let switch = "for (const [name, value] of Object.entries(arguments[0])) {
            const field = document.querySelector(`#preferences [name=${name}]`);
            field.value = value;
            field.dispatchEvent(new Event('change'));
        }";
    alice.run(switch, &[json!({ "theme": "dark", "clock": "12", "density": "compact" })]);
    let time = "/[ap]m/i.test(document.querySelector('#log time').textContent)";
    let size = "getComputedStyle(document.querySelector('#log')).fontSize";
    let bars = "[...document.querySelectorAll('meta[name=theme-color]')].map((bar) => bar.content)";
    let sound = "document.querySelector('#preferences [name=sound]').checked";
    // What the page looks like as soon as there is something to see.
    let first = "new MutationObserver((_, observer) => {
            if (!document.body) return;
            window.first = getComputedStyle(document.body).backgroundColor;
            observer.disconnect();
        }).observe(document, { childList: true, subtree: true })";
    alice.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": first }));
    for _ in 0..2 {
        alice.has(page, "rgb(23, 26, 29)");
        alice.has(time, true);
        alice.has(size, "15px");
        alice.has(sound, false);
        alice.has(bars, json!(["#101315", "#101315"]));
        alice.reload();
        alice.shows("welcome", "", "Welcome to box7");
        alice.has("window.first", "rgb(23, 26, 29)");
    }
    // The system does not matter any more.
    let light = json!([{ "name": "prefers-color-scheme", "value": "light" }]);
    alice.devtools("Emulation.setEmulatedMedia", json!({ "features": light }));
    alice.has(page, "rgb(23, 26, 29)");
    alice.run(switch, &[json!({ "theme": "", "clock": "24" })]);
    alice.has(page, "rgb(252, 251, 248)");
    alice.has(time, false);
    alice.has(bars, json!(["#f1eee6", "#101315"]));
}

/// A server on which bob said something a week ago, and alice is an operator.
#[track_caller]
fn server_of_last_week(dir: &TempDir) -> Server {
    let state = dir.path("");
    let start = || {
        Server::with(["--name", "box7", "--web-port", "0", "--rate", "0", "--state-dir", &state])
    };
    let server = start();
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev\nthe backup moves to Tuesday");
    server.stop();
    let database = Connection::open(dir.path("chatd.db")).unwrap();
    database.execute("UPDATE msg SET ts = ts - 604800000", []).unwrap();
    drop(database);
    manage(dir, "account add alice --operator", "open sesame\n");
    start()
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_newcomer_needs_no_command_and_no_manual() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let server = server_of_last_week(&dir);
    let [mut bob, mut eve] = people(&server, ["bob", "eve"]);
    bob.ask("/join dev");
    (1..=60).for_each(|number| bob.send(&format!("build {number} passed")));
    eve.ask("/join dev");

    // Takes a name.
    let lena = Tab::first(&browser, &server);
    lena.type_into("#name", &format!("lena{ENTER}"));
    lena.shows_in("#nick", "lena");
    // Finds another room.
    lena.click("#rooms > [data-key=dev] button");
    lena.shows_in("#room", "dev");
    lena.shows("said", "bob", "build 60 passed");
    // Sends somebody a link to it.
    lena.click("#share");
    let shown = "#log > [data-kind=notice]:not([hidden]) a";
    lena.has(&format!("document.querySelector('{shown}')?.hash"), "#dev");
    let link = lena.value(&format!("document.querySelector('{shown}').href"));
    let guest = Tab::another_at(&browser, link.as_str().unwrap());
    guest.shows_in("#room", "dev");

    // Gets a notification of an answer while another tab is in front.
    lena.run(STUB, &[]);
    lena.click("#notify");
    lena.says("when does the backup run?");
    lena.run("window.isHidden = true", &[]);
    bob.wait_for(|line| line == "<lena> when does the backup run?");
    bob.ask("lena: that has changed");
    lena.has("window.shown", json!([["bob", "lena: that has changed", "dev"]]));
    lena.has("document.title", "(1!) dev · box7");
    lena.run("window.isHidden = false; window.last.onclick(); window.onfocus()", &[]);
    lena.has("document.title", "dev · box7");

    // Finds a line of last week, and its place.
    lena.type_into("#query", &format!("Tuesday{ENTER}"));
    lena.shows_in("#topic", "One line has these words.");
    lena.click("#log > [data-kind=found] button");
    lena.shows_in("#room", "dev");
    lena.shows_in(".sought .text", "the backup moves to Tuesday");
    let log = "document.querySelector('#log').getBoundingClientRect()";
    let line = "document.querySelector('.sought').getBoundingClientRect()";
    lena.has(&format!("{line}.top >= {log}.top && {line}.bottom <= {log}.bottom"), true);

    // Logs in, and mutes a nuisance.
    lena.click("#nick");
    lena.click("#has-account");
    enters(&lena, "#name", "alice");
    lena.type_into("#password", &format!("open sesame{ENTER}"));
    lena.shows_in("#nick", "alice");
    lena.has(IS_OPEN, false);
    // The menu has what the server's help lists.
    let listed = "document.querySelector('#people > [data-key=alice][data-staff]') !== null";
    lena.has(listed, true);
    lena.says("hello again");
    lena.shows("said", "alice", "hello again");
    does(&lena, "eve", "Mute on this server…");
    lena.shows_in("#do", "Mute");
    lena.type_into("#time", "10m");
    lena.click("#do");
    lena.shows("notice", "", "eve is muted for 10m");
    eve.sync();
    assert_eq!(eve.ask("buy this"), ["!! you are muted for 10m"]);
}

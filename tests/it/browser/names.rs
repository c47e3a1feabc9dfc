//! The user's own name on the page, and the people who are there.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::{Client, PATIENCE, Server, TempDir, people};

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_name_that_is_still_taken_comes_back_when_it_is_free() {
    let (server, browser) = (server(), Browser::start());
    let [ghost] = people(&server, ["alice"]);
    let alice = Tab::first(&browser, &server);
    alice.run("sessionStorage.setItem('nick', 'alice')", &[]);
    alice.reload();
    alice.shows("refused", "", "alice is taken");
    drop(ghost);
    alice.shows_in("#nick", "alice");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_reload_keeps_the_name_and_another_tab_does_not_take_it() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    let other = Tab::another(&browser, &server);
    let guest = other.value("document.querySelector('#nick').textContent");
    let guest = guest.as_str().unwrap();
    assert!(guest.starts_with("guest"), "{guest}");
    // It asked for the name that the browser had last, which was taken.
    assert_eq!(other.texts("refused"), ["alice is taken"]);
    for _ in 0..3 {
        alice.has_people(&["alice", guest]);
        alice.reload();
        alice.shows_in("#nick", "alice");
    }
    other.shows_in("#nick", guest);
    let bob = other.named("bob");
    bob.reload();
    bob.shows_in("#nick", "bob");
    alice.has_people(&["alice", "bob"]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_tab_that_came_without_a_name_comes_back_without_one() {
    let (old, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &old).named("alice");
    let other = Tab::another(&browser, &old);
    other.shows("refused", "", "alice is taken");
    alice.says("/quit");
    alice.has("document.body.dataset.state", "closed");
    let port = old.web_port().to_string();
    old.stop();
    let _new = Server::with(["--web-port", &port, "--rate", "0"]);
    other.shows("welcome", "", "Reconnected");
    // It would have asked before this.
    other.says("hello");
    other.shows("said", "guest1", "hello");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_new_tab_takes_the_name_that_was_had_last() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/quit");
    alice.has("document.body.dataset.state", "closed");
    let later = Tab::another(&browser, &server);
    later.shows_in("#nick", "alice");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_page_that_may_store_nothing_works_all_the_same() {
    let (server, browser) = (server(), Browser::without_storage());
    let alice = Tab::first(&browser, &server);
    let stores = "['localStorage', 'sessionStorage'].map((store) => {
        try { return typeof window[store]; } catch ({ name }) { return name; }
    })";
    alice.has(stores, json!(["SecurityError", "SecurityError"]));
    let alice = alice.named("alice");
    alice.says("hello");
    alice.shows("said", "alice", "hello");
    alice.reload();
    alice.has("document.querySelector('#nick').textContent.startsWith('guest')", true);
}

/// A server that keeps accounts in that directory, on that web port.
#[track_caller]
fn keeping_accounts(dir: &TempDir, web_port: &str) -> Server {
    Server::with(["--web-port", web_port, "--rate", "0", "--state-dir", &dir.path("")])
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_registered_name_is_logged_in_to_again_before_anything_is_said() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let old = keeping_accounts(&dir, "0");
    let port = old.web_port().to_string();
    let alice = Tab::first(&browser, &old).named("alice");
    alice.says("/register open sesame");
    alice.shows("notice", "", "alice is yours now; next time: /login alice PASSWORD");
    old.stop();
    alice.shows("bye", "", "the server is going down");

    // What is typed as soon as it can be sent.
    alice.run(
        "const input = document.querySelector('#input');
        new MutationObserver(() => {
            if (document.body.dataset.state !== 'open') return;
            input.value = 'back';
            document.querySelector('#form').requestSubmit();
        }).observe(document.body, { attributeFilter: ['data-state'] })",
        &[],
    );
    let new = keeping_accounts(&dir, &port);
    let mut bob = Client::guest(&new);
    let said = bob.wait_for(|line| line.ends_with("> back"));
    assert!(said.ends_with("<alice> back"), "{said}");
    alice.shows_in("#nick", "alice");
    alice.shows("notice", "", "you are logged in as alice");
    assert_eq!(alice.texts("refused"), [""; 0]);
    let anywhere = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]) \
                    + document.documentElement.outerHTML";
    alice.has(&format!("({anywhere}).includes('sesame')"), false);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn whoever_cannot_be_logged_in_again_is_told() {
    let (dir, other, browser) = (TempDir::new(), TempDir::new(), Browser::start());
    let old = keeping_accounts(&dir, "0");
    let port = old.web_port().to_string();
    let alice = Tab::first(&browser, &old).named("alice");
    alice.says("/register open sesame");
    alice.shows("notice", "", "alice is yours now; next time: /login alice PASSWORD");
    old.stop();
    let _new = keeping_accounts(&other, &port);
    alice.shows("refused", "", "alice is not registered");
    alice.shows("notice", "", "not logged in as alice; type /login to try again");
    alice.is_open();
    alice.shows_in("#nick", "alice");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn whoever_lost_a_name_does_not_ask_for_a_guests() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let server = keeping_accounts(&dir, "0");
    let alice = Tab::first(&browser, &server).named("alice");
    alice.says("/register open sesame");
    alice.shows("notice", "", "alice is yours now; next time: /login alice PASSWORD");
    let mut elsewhere = Client::guest(&server);
    elsewhere.send("/login alice open sesame");
    alice.shows("notice", "", "alice has logged in");
    alice.has("document.querySelector('#nick').textContent.startsWith('guest')", true);
    alice.reload();
    alice.shows("welcome", "", &alice.texts("welcome")[0]);
    assert_eq!(alice.texts("refused"), [""; 0]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_list_of_people_follows_who_comes_and_goes() {
    let (server, browser) = (server(), Browser::start());
    let [bob, mut carol] = people(&server, ["bob", "carol"]);
    let alice = Tab::first(&browser, &server).named("alice");
    alice.has_people(&["alice", "bob", "carol"]);
    alice.has("document.querySelector('#people > [data-me]').textContent", "alice");
    carol.send("/nick Abe");
    alice.has_people(&["Abe", "alice", "bob"]);
    carol.send("/join dev");
    alice.has_people(&["alice", "bob"]);
    drop(bob);
    alice.has_people(&["alice"]);
    carol.send("/leave");
    alice.has_people(&["Abe", "alice"]);
    alice.shows_in("#here", "2");

    alice.click("#people > li:first-child button");
    alice.types(&format!("hi{ENTER}"));
    carol.wait_for(|line| line == "[from alice] hi");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn in_a_crowd_the_list_is_asked_for_when_somebody_came_or_went() {
    let server = server();
    let mut crowd: Vec<_> =
        (0..52).map(|number| Client::join(&server, &format!("p{number}"))).collect();
    let browser = Browser::start();
    let alice = Tab::first(&browser, &server).named("alice");
    let listed = |nick| {
        format!(
            "[...document.querySelectorAll('#people > *')].some((one) => one.textContent === {nick})"
        )
    };
    alice.has(&listed("'p51'"), true);
    let _zoe = Client::join(&server, "zoe");
    crowd.pop();
    alice.has(&listed("'zoe'"), false);
    alice.has(
        "[...document.querySelectorAll('[data-kind=notice]')].some((line) => line.innerText.includes('1 left (53 here)'))",
        true,
    );
    alice.has(&listed("'zoe'"), true);
    alice.has(&listed("'p51'"), false);
    alice.shows_in("#here", "53");
    // Also of a room that is not shown meanwhile.
    alice.says("/join dev");
    alice.shows_in("#room", "dev");
    let _yan = Client::join(&server, "yan");
    crowd[0].patience = 2 * PATIENCE;
    crowd[0].wait_for(|line| line.ends_with("joined (54 here)"));
    alice.click("#rooms > [data-key=lobby] button");
    alice.has(&listed("'yan'"), true);
    alice.click("#rooms > [data-key=dev] button");
    alice.click("#leave");
    alice.has(
        "[...document.querySelectorAll('#rooms > *')].map((one) => one.textContent)",
        json!(["lobby"]),
    );
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_name_that_would_do_is_offered() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server);
    alice.click("#nick");
    alice.type_into("#name", "José Müller");
    alice.shows_in("#offer", "Take jose-muller");
    alice.click("#offer");
    alice.has("document.querySelector('#offer').hidden", true);
    alice.type_into("#name", ENTER);
    alice.shows_in("#nick", "jose-muller");
    // Nothing is offered instead of a name that will do.
    alice.click("#nick");
    alice.type_into("#name", "\u{e009}a\u{e009}Jo");
    alice.has("document.querySelector('#offer').hidden", true);
}

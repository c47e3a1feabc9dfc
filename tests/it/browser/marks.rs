//! The mark of the server's operators, and that nobody else wears it.

use serde_json::json;

use super::driver::Browser;
use super::tab::Tab;
use crate::harness::{Server, TempDir, people};
use crate::order::manage;

const MARKED: &str = "[...document.querySelectorAll('#log > [data-staff] .text')]
    .map((text) => text.textContent)";

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn whoever_takes_the_name_of_a_former_operator_is_not_marked() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let add = || manage(&dir, "account add alice --operator", "open sesame\n");
    add();
    let state = dir.path("");
    let serve =
        |port: &str| Server::with(["--web-port", port, "--rate", "0", "--state-dir", &state]);
    let server = serve("0");
    let [mut ann, mut bob] = people(&server, ["ann", "bob"]);
    let lena = Tab::first(&browser, &server).named("lena");
    lena.says("/join dev");
    lena.shows_in("#room", "dev");
    ann.ask("/login alice open sesame");
    ann.ask("/join dev\nfirst");
    lena.has(MARKED, json!(["first"]));

    // Nobody tells the page what happens in a room that it has left.
    lena.click("#leave");
    lena.shows_in("#room", "lobby");
    lena.has(MARKED, json!([]));
    manage(&dir, "account remove alice", "");
    ann.wait_for(|line| line.ends_with("the account was removed"));
    ann.ask("/nick ann");
    bob.ask("/nick alice\nsecond");
    lena.shows("said", "alice", "second");
    lena.has(MARKED, json!([]));

    // Nor what happens while it is not connected.
    add();
    bob.wait_for(|line| line.contains("alice is registered"));
    ann.ask("/join lobby\n/login alice open sesame");
    ann.ask("third");
    lena.has(MARKED, json!(["first", "second", "third"]));
    let port = server.web_port().to_string();
    server.stop();
    lena.shows("bye", "", "the server is going down");
    manage(&dir, "account remove alice", "");
    let server = serve(&port);
    let [mut bob] = people(&server, ["alice"]);
    lena.is_open();
    lena.says("back");
    bob.wait_for(|line| line == "<lena> back");
    bob.ask("fourth");
    lena.shows("said", "alice", "fourth");
    lena.has(MARKED, json!([]));
}

//! `EventSource`, with which pages read a room over HTTP.

use super::driver::Browser;
use super::tab::Tab;
use crate::harness::{Server, TempDir};
use crate::http::post;
use crate::restart::switch;

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn it_goes_on_over_restarts_and_misses_nothing() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let state = dir.path("state");
    let old = Server::with_web(["--state-dir", &state]);
    let say = |server: &Server, text| post("/rooms/dev?nick=ci", text).to(server).json();
    let tab = Tab::first(&browser, &old);
    tab.run(
        "[window.got, window.opened] = [[], 0];
        const source = new EventSource('rooms/dev');
        source.onopen = () => window.opened++;
        source.onmessage = (event) => window.got.push(JSON.parse(event.data).text)",
        &[],
    );
    tab.has("window.opened", 1);
    say(&old, "1");
    tab.has("window.got.join()", "1");
    switch(&old);
    say(&old, "2");
    tab.has("window.got.join()", "1,2");
    tab.has("window.opened", 1);
    let port = old.web_port().to_string();
    say(&old, "3");
    old.stop();
    let new = Server::with(["--web-port", &port, "--state-dir", &state]);
    say(&new, "4");
    tab.has("window.got.filter(Boolean).join()", "1,2,3,the server is going down,4");
    tab.has("window.opened", 2);
}

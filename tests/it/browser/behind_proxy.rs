//! The page behind nginx, under a path of a site with other programs.

use serde_json::json;

use super::driver::Browser;
use super::tab::Tab;
use crate::harness::{Client, Program, Server, example};

fn server() -> Server {
    Server::with_web(["--trust-proxy", "127.0.0.1"])
}

/// What docs/OPERATIONS.md recommends, without the line that contains this.
fn site_without(server: &Server, left_out: &str) -> Program {
    let settings = example("location /chat/ {\n", server);
    let lines = settings.lines().filter(|line| !line.contains(left_out));
    Program::nginx_site(&lines.map(|line| format!("{line}\n")).collect::<String>())
}

fn url(site: &Program) -> String {
    format!("http://{}/chat/", site.addr())
}

#[test]
#[ignore = "needs a browser and nginx (chromium, chromium-driver, nginx, libnginx-mod-stream)"]
fn under_a_path_two_tabs_and_a_text_client_talk() {
    let (server, browser) = (server(), Browser::start());
    let site = site_without(&server, "nothing");
    let mut carol = Client::connect_from(&server, "127.0.0.2").welcomed().named("carol");
    let alice = Tab::first_at(&browser, &url(&site));
    alice.is_open();
    let alice = alice.named("alice");
    let bob = Tab::another_at(&browser, &url(&site));
    bob.is_open();
    let bob = bob.named("bob");
    alice.says("hello");
    bob.shows("said", "alice", "hello");
    carol.wait_for(|line| line == "<alice> hello");
    let manifest = bob.devtools("Page.getAppManifest", json!({}));
    assert_eq!(manifest["manifest"]["startUrl"], url(&site));
    let errors = bob.devtools("Page.getInstallabilityErrors", json!({}));
    assert_eq!(errors["installabilityErrors"], json!([]));
    bob.says("/join dev");
    bob.shows_in("#room", "dev");
    bob.reload();
    bob.shows_in("#nick", "bob");
    bob.shows_in("#room", "dev");
    let keys = "[localStorage, sessionStorage].flatMap((store) => Object.keys(store))";
    bob.has(&format!("{keys}.filter((key) => key === '/chat/nick').length"), 2);
    bob.has(&format!("{keys}.filter((key) => !key.startsWith('/chat/'))"), json!([]));
}

#[test]
#[ignore = "needs a browser and nginx (chromium, chromium-driver, nginx, libnginx-mod-stream)"]
fn without_upgrade_the_page_says_that_a_proxy_does_not_pass_websocket_on() {
    let (server, browser) = (server(), Browser::start());
    let site = site_without(&server, "Upgrade");
    let alice = Tab::first_at(&browser, &url(&site));
    let words = "A proxy between this page and the server does not pass WebSocket on. Trying again";
    alice.has(&starts_with(words), true);
    alice.run("document.querySelector('#retry').click()", &[]);
    alice.has(&starts_with(words), true);
    // Without the server nothing is known.
    server.stop();
    alice.has(&starts_with("Not connected. Trying again in "), true);
}

#[test]
#[ignore = "needs a browser and nginx (chromium, chromium-driver, nginx, libnginx-mod-stream)"]
fn without_its_host_the_page_shows_why_it_is_refused() {
    let (server, browser) = (server(), Browser::start());
    let site = site_without(&server, "Host");
    let alice = Tab::first_at(&browser, &url(&site));
    alice.has(&starts_with("The connection is refused: "), true);
    alice.has(&names_the_remedy(&site), true);
}

#[test]
#[ignore = "needs a browser and nginx (chromium, chromium-driver, nginx, libnginx-mod-stream)"]
fn if_only_websocket_is_refused_the_page_shows_why_and_goes_on_trying() {
    let (server, browser) = (server(), Browser::start());
    let page = example("location /chat/ {\n", &server);
    let socket = page.replace("/chat/", "/chat/ws").replace("/;", "/ws;");
    let site = Program::nginx_site(&format!("{page}{}", socket.replace("$http_host", "127.0.0.1")));
    let alice = Tab::first_at(&browser, &url(&site));
    alice.has(&starts_with("The connection is refused: "), true);
    alice.has(&names_the_remedy(&site), true);
    alice.has(
        "/Trying again in \\d+ s\\.$/.test(document.querySelector('#status').textContent)",
        true,
    );
}

fn names_the_remedy(site: &Program) -> String {
    let remedy = format!("--web-origin http://{} allows it", site.addr());
    format!("document.querySelector('#status').textContent.includes({})", json!(remedy))
}

fn starts_with(words: &str) -> String {
    format!("document.querySelector('#status').textContent.startsWith({})", json!(words))
}

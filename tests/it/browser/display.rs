//! How lines are shown, and given out again.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::{Server, TempDir, people};

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_message_is_copied_as_one_line() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.ask("see `this`\n/me waves");
    alice.shows("emote", "bob", "waves");
    let copied = alice.run(
        "const log = document.querySelector('#log'), clipboardData = new DataTransfer();
        getSelection().selectAllChildren(log);
        log.dispatchEvent(new ClipboardEvent('copy', { clipboardData, cancelable: true }));
        return clipboardData.getData('text/plain')",
        &[],
    );
    let lines: Vec<_> =
        copied.as_str().unwrap().lines().map(|line| &line["[18:58] ".len()..]).collect();
    let [first, .., said, emote] = lines[..] else { panic!("{copied}") };
    assert_eq!((first, said, emote), ("-- Welcome to box7", "<bob> see `this`", "* bob waves"));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn links_end_where_their_address_does() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    let urls = [
        "https://example.org/a。",
        "https://example.org/b”",
        "https://example.org/c»…",
        "https://example.org/d），",
    ];
    let inner = "(https://example.org/foo_(bar_(baz)))";
    alice.says(&format!("{} {inner} `https://example.org/code`", urls.join(" ")));
    let links = "[...document.querySelectorAll('#log a')].map(({ pathname }) => pathname)";
    alice.has(links, json!(["/a", "/b", "/c", "/d", "/foo_(bar_(baz))"]));
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_reconnect_tells_only_what_is_new() {
    let (dir, browser) = (TempDir::new(), Browser::start());
    let motd = dir.file("motd", "be nice");
    let old = Server::with(["--name", "box7", "--web-port", "0", "--rate", "0", "--motd", &motd]);
    let alice = Tab::first(&browser, &old).named("alice");
    // Some phones add a blank to each word.
    alice.type_into("#where", &format!("dev {ENTER}"));
    alice.shows_in("#room", "dev");
    alice.says("/nick dave");
    alice.shows_in("#nick", "dave");
    let [bob] = people(&old, ["bob"]);
    alice.says("/nick bob");
    alice.shows("refused", "", "bob is taken");
    drop(bob);
    let port = old.web_port().to_string();
    old.stop();
    alice.shows("bye", "", "the server is going down");
    let _new = Server::with(["--web-port", &port, "--rate", "0", "--motd", &motd]);
    alice.is_open();
    alice.says("back");
    // A name that was refused is not wanted any more.
    alice.shows("said", "dave", "back");
    assert_eq!(alice.texts("notice"), ["be nice"]);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn without_the_server_the_page_opens_and_says_so() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server).named("alice");
    alice.run(
        "setInterval(async () => {
            window.parts = (await (await caches.open('page')).keys()).length;
        }, 50)",
        &[],
    );
    alice.has("window.parts > 20", true);
    server.stop();
    alice.run("location.reload()", &[]);
    let status = "document.querySelector('#status')?.textContent";
    alice.has(&format!("{status}?.startsWith('Not connected. Trying again in ')"), true);
    alice.has("getComputedStyle(document.querySelector('#side')).position", "static");
    let kept = "(await Promise.all((await caches.keys()).map(async (name) =>
        (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()";
    alice.run(&format!("(async () => {{ window.kept = {kept}; }})()"), &[]);
    alice.has("window.kept?.some((url) => /rooms|ws|healthz/.test(url))", false);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_page_can_be_installed() {
    let (server, browser) = (server(), Browser::start());
    let alice = Tab::first(&browser, &server);
    let manifest = alice.devtools("Page.getAppManifest", json!({}));
    assert_eq!(manifest["errors"], json!([]));
    let url = format!("http://127.0.0.1:{}/", server.web_port());
    assert_eq!(manifest["manifest"]["startUrl"], url);
    assert_eq!(manifest["manifest"]["scope"], url);
    let errors = alice.devtools("Page.getInstallabilityErrors", json!({}));
    assert_eq!(errors["installabilityErrors"], json!([]));
    // Each icon is as large as the manifest says.
    alice.run(
        "(async () => {
            const { icons } = await (await fetch('manifest.webmanifest')).json();
            const sizes = await Promise.all(icons.map(async ({ src, sizes }) => {
                const { width, height } = await createImageBitmap(await (await fetch(src)).blob());
                return `${width}x${height}` === sizes;
            }));
            window.icons = sizes;
        })()",
        &[],
    );
    alice.has("window.icons ?? null", json!([true, true, true]));
}

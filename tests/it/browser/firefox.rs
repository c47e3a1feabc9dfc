//! The page in Firefox, driven by WebDriver BiDi: a browser of another make does what Chromium does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::server;
use crate::harness::{PATIENCE, TempDir, people};

const ENTER: &str = "\u{e007}";

/// A Firefox with a profile of its own. Dropping it ends it.
struct Firefox {
    process: Child,
    socket: WebSocket<TcpStream>,
    commands: u64,
    _profile: TempDir,
}

impl Firefox {
    #[track_caller]
    fn start() -> Self {
        let profile = TempDir::new();
        let mut process = Command::new("firefox-esr")
            .args(["--headless", "--no-remote", "--remote-debugging-port=0", "--profile"])
            .arg(profile.path(""))
            .env("HOME", profile.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let socket = connected(&announced_address(&mut process));
        let mut firefox = Firefox { process, socket, commands: 0, _profile: profile };
        firefox.run("session.new", &json!({ "capabilities": {} }));
        firefox
    }

    /// Runs a command of WebDriver BiDi, and returns its result.
    #[track_caller]
    fn run(&mut self, method: &str, params: &Value) -> Value {
        self.commands += 1;
        let command = json!({ "id": self.commands, "method": method, "params": params });
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let answer = self.socket.read().unwrap().into_text().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            if answer["id"] == self.commands {
                assert_eq!(answer["type"], "success", "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Opens a tab at this address.
    #[track_caller]
    fn open(&mut self, url: &str) -> String {
        let tab = self.run("browsingContext.create", &json!({ "type": "tab" }));
        let tab = tab["context"].as_str().unwrap().to_owned();
        let page = json!({ "context": tab, "url": url, "wait": "complete" });
        self.run("browsingContext.navigate", &page);
        self.has(&tab, "document.body.dataset.state", "open");
        tab
    }

    /// Waits until the expression has this value.
    #[track_caller]
    fn has(&mut self, tab: &str, expression: &str, value: &str) {
        let deadline = Instant::now() + 2 * PATIENCE;
        loop {
            let target = json!({ "context": tab });
            let asked =
                json!({ "expression": expression, "target": target, "awaitPromise": false });
            let found = self.run("script.evaluate", &asked)["result"]["value"].clone();
            if found == value {
                return;
            }
            assert!(Instant::now() < deadline, "{expression} is {found} instead of {value}");
        }
    }

    /// Presses keys wherever the focus is.
    #[track_caller]
    fn types(&mut self, tab: &str, keys: &str) {
        let presses = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let actions = presses.collect::<Vec<_>>();
        let keyboard = json!([{ "type": "key", "id": "keyboard", "actions": actions }]);
        self.run("input.performActions", &json!({ "context": tab, "actions": keyboard }));
    }

    /// Waits for a line whose text is this.
    #[track_caller]
    fn shows(&mut self, tab: &str, text: &str) {
        let found = format!(
            "String([...document.querySelectorAll('#log .text')]
                .some((one) => one.textContent === {}))",
            json!(text)
        );
        self.has(tab, &found, "true");
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        // Killed, it would leave its children.
        let close = json!({ "id": 0, "method": "browser.close", "params": {} });
        if self.socket.send(Message::text(close.to_string())).is_err() {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// Reads from Firefox's first words where it listens, and goes on reading, lest it block.
#[track_caller]
fn announced_address(process: &mut Child) -> String {
    let mut output = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "Firefox ended at once");
        if let Some((_, address)) = line.split_once("BiDi listening on ws://") {
            break address.trim_end().to_owned();
        }
    };
    let drain = move || io::copy(&mut output, &mut io::sink());
    thread::Builder::new().name("firefox".into()).spawn(drain).unwrap();
    address
}

#[track_caller]
fn connected(address: &str) -> WebSocket<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
    let request = format!(
        "GET /session HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    WebSocket::from_raw_socket(stream, Role::Client, None)
}

#[test]
#[ignore = "needs Firefox (firefox-esr)"]
fn two_tabs_of_firefox_and_a_text_client_talk() {
    let (server, mut firefox) = (server(), Firefox::start());
    let [mut bob] = people(&server, ["bob"]);
    let url = format!("http://127.0.0.1:{}/", server.web_port());
    let alice = firefox.open(&url);
    // The dialog of the first visit has the focus, and then the input.
    firefox.types(&alice, &format!("alice{ENTER}"));
    firefox.has(&alice, "document.querySelector('#nick').textContent", "alice");
    firefox.types(&alice, "/wh");
    firefox.has(&alice, "String(document.querySelectorAll('#choices > *').length)", "2");
    firefox.types(&alice, &format!("\u{e004}{ENTER}déjà vu `x`{ENTER}"));
    bob.wait_for(|line| line == "<alice> déjà vu `x`");
    firefox.has(&alice, "document.querySelector('#log code').innerText", "x");

    let carol = firefox.open(&format!("{url}#dev"));
    firefox.has(&carol, "document.querySelector('#room').textContent", "dev");
    firefox.types(&carol, &format!("/nick carol{ENTER}"));
    firefox.has(&carol, "document.querySelector('#nick').textContent", "carol");
    bob.ask("/join dev");
    firefox.types(&carol, &format!("hello{ENTER}"));
    bob.wait_for(|line| line == "<carol> hello");
    bob.ask("hello yourself");
    firefox.shows(&carol, "hello yourself");
    bob.ask("/msg alice psst");
    firefox.shows(&alice, "to you psst");
    firefox.has(&alice, "document.title", "(1!) lobby · box7");
    firefox.run("browsingContext.reload", &json!({ "context": carol, "wait": "complete" }));
    firefox.has(&carol, "document.querySelector('#nick').textContent", "carol");
    firefox.has(&carol, "document.querySelector('#room').textContent", "dev");
}

//! One tab with the page in it: what a person does there, and sees.

use std::time::Instant;

use serde_json::{Value, json};

use super::driver::Browser;
use crate::harness::{PATIENCE, Server};

pub(super) const ENTER: &str = "\u{e007}";

pub(super) struct Tab<'a> {
    browser: &'a Browser,
    window: String,
}

impl<'a> Tab<'a> {
    /// The browser's first tab, connected.
    #[track_caller]
    pub(super) fn first(browser: &'a Browser, server: &Server) -> Self {
        Tab { browser, window: browser.first_window() }.connected(server)
    }

    /// The same, over TLS.
    #[track_caller]
    pub(super) fn first_over_tls(browser: &'a Browser, server: &Server) -> Self {
        let tab = Tab { browser, window: browser.first_window() };
        tab.go_to_page("https", server);
        tab.is_open();
        tab
    }

    /// The browser's first tab, at any address.
    #[track_caller]
    pub(super) fn first_at(browser: &'a Browser, url: &str) -> Self {
        Tab { browser, window: browser.first_window() }.at(url)
    }

    /// Another tab of the same window, at any address.
    #[track_caller]
    pub(super) fn another_at(browser: &'a Browser, url: &str) -> Self {
        Tab { browser, window: browser.new_window("tab") }.at(url)
    }

    /// The tab that another opened.
    #[track_caller]
    pub(super) fn opened(browser: &'a Browser, by: &Tab) -> Self {
        let windows = browser.windows();
        let window = windows.into_iter().find(|window| *window != by.window).unwrap();
        Tab { browser, window }
    }

    #[track_caller]
    fn at(self, url: &str) -> Self {
        self.visit(url);
        self
    }

    #[track_caller]
    fn visit(&self, url: &str) {
        self.look();
        self.browser.post("/url", &json!({ "url": url }));
    }

    /// Another tab of the same window, connected, and the one that is looked at from now on.
    #[track_caller]
    pub(super) fn another(browser: &'a Browser, server: &Server) -> Self {
        Tab { browser, window: browser.new_window("tab") }.connected(server)
    }

    #[track_caller]
    fn connected(self, server: &Server) -> Self {
        self.go_to(server);
        self.is_open();
        self.has("document.querySelector('#room').textContent !== ''", true);
        self
    }

    #[track_caller]
    pub(super) fn go_to(&self, server: &Server) {
        self.go_to_page("http", server);
    }

    #[track_caller]
    fn go_to_page(&self, scheme: &str, server: &Server) {
        self.visit(&format!("{scheme}://127.0.0.1:{}/", server.web_port()));
    }

    #[track_caller]
    pub(super) fn reload(&self) {
        self.browser.switch_to(&self.window);
        self.browser.post("/refresh", &json!({}));
        self.is_open();
    }

    /// Has taken a name.
    #[track_caller]
    pub(super) fn named(self, nick: &str) -> Self {
        self.says(&format!("/nick {nick}"));
        self.shows_in("#nick", nick);
        self
    }

    /// Looks at this tab.
    #[track_caller]
    pub(super) fn look(&self) {
        self.browser.switch_to(&self.window);
    }

    #[track_caller]
    pub(super) fn types(&self, keys: &str) {
        self.look();
        self.browser.type_into("#input", keys);
    }

    /// Types a line and presses Enter.
    #[track_caller]
    pub(super) fn says(&self, line: &str) {
        self.types(&format!("{line}{ENTER}"));
    }

    #[track_caller]
    pub(super) fn type_into(&self, selector: &str, keys: &str) {
        self.look();
        self.browser.type_into(selector, keys);
    }

    /// Presses keys, all of them at the same time, wherever the focus is.
    #[track_caller]
    pub(super) fn press(&self, keys: &[&str]) {
        self.look();
        self.browser.press(keys);
    }

    #[track_caller]
    pub(super) fn click(&self, selector: &str) {
        self.look();
        self.browser.click(selector);
    }

    #[track_caller]
    pub(super) fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.look();
        self.browser.devtools(command, &parameters)
    }

    /// What the body of a function returns.
    #[track_caller]
    pub(super) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.look();
        self.browser.run(script, arguments)
    }

    /// The value of an expression.
    #[track_caller]
    pub(super) fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}"), &[])
    }

    /// Waits until the expression has this value.
    #[track_caller]
    pub(super) fn has(&self, expression: &str, value: impl Into<Value>) {
        let value = value.into();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.value(expression);
            if found == value {
                return;
            }
            assert!(Instant::now() < deadline, "{expression} is {found} instead of {value}");
        }
    }

    #[track_caller]
    pub(super) fn is_open(&self) {
        self.has("document.body?.dataset.state", "open");
    }

    /// Waits until an element's text is exactly this.
    #[track_caller]
    pub(super) fn shows_in(&self, selector: &str, text: &str) {
        self.has(&format!("document.querySelector({})?.textContent", json!(selector)), text);
    }

    /// Waits for a visible line of this kind, with this name (or none) before it and this text.
    #[track_caller]
    pub(super) fn shows(&self, kind: &str, nick: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(kind, nick, text) == 0 {
            let log = || self.value("document.querySelector('#log').innerText");
            assert!(Instant::now() < deadline, "no {kind} {nick:?} {text:?} in {}", log());
        }
    }

    /// How many such lines are to be seen.
    #[track_caller]
    pub(super) fn count(&self, kind: &str, nick: &str, text: &str) -> u64 {
        let script = "const [kind, nick, text] = arguments;
            return [...document.querySelectorAll(`#log > [data-kind=${kind}]:not([hidden])`)]
                .filter((line) => (line.querySelector(':scope > .nick')?.textContent ?? '') === nick)
                .filter((line) => line.querySelector('.text').textContent === text)
                .length";
        self.run(script, &[json!(kind), json!(nick), json!(text)]).as_u64().unwrap()
    }

    /// Waits until exactly these are in the list of people.
    #[track_caller]
    pub(super) fn has_people(&self, nicks: &[&str]) {
        self.has(
            "[...document.querySelectorAll('#people > *')].map((one) => one.textContent)",
            nicks,
        );
    }

    /// The texts of all lines of a kind.
    #[track_caller]
    pub(super) fn texts(&self, kind: &str) -> Vec<String> {
        let lines = format!("#log > [data-kind={kind}] .text");
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((line) => line.textContent)";
        let texts = self.run(script, &[json!(lines)]);
        serde_json::from_value(texts).unwrap()
    }
}

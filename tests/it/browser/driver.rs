//! Chromium, driven by chromedriver over the W3C WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::{io, thread};

use serde_json::{Value, json};

use crate::harness::{PATIENCE, TempDir, free_port};

/// The key under which WebDriver refers to an element (WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What Chromium needs to run as root, and without a screen or a network.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--window-size=1200,800",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with a profile of its own. Dropping it ends it.
pub(super) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// The address of the session.
    session: String,
    _profile: TempDir,
}

impl Browser {
    #[track_caller]
    pub(super) fn start() -> Self {
        Self::with_preferences(&json!({}))
    }

    /// One that lets pages store nothing.
    #[track_caller]
    pub(super) fn without_storage() -> Self {
        let blocked = 2;
        Self::with_preferences(
            &json!({ "profile.default_content_setting_values.cookies": blocked }),
        )
    }

    #[track_caller]
    fn with_preferences(preferences: &Value) -> Self {
        // A port that the driver chose on [::1] may be one that a client has on 127.0.0.1.
        let port = free_port();
        let mut driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until_ready(&mut driver);
        // Chromium may take longer to start than anything else does to happen.
        let patience = Some(2 * PATIENCE);
        let config = ureq::Agent::config_builder().timeout_global(patience).proxy(None);
        let agent = config.http_status_as_error(false).build().into();
        let session = format!("http://127.0.0.1:{port}/session");
        let profile = TempDir::new();
        let mut browser = Browser { driver, agent, session, _profile: profile };
        browser.begin_session(preferences);
        browser
    }

    #[track_caller]
    fn begin_session(&mut self, preferences: &Value) {
        let profile = format!("--user-data-dir={}", self._profile.path("profile"));
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let options = json!({ "args": flags, "prefs": preferences });
        let wish = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "acceptInsecureCerts": true,
        });
        let started = self.post("", &json!({ "capabilities": { "alwaysMatch": wish } }));
        self.session = format!("{}/{}", self.session, started["sessionId"].as_str().unwrap());
    }

    /// Runs a WebDriver command of the session.
    #[track_caller]
    pub(super) fn post(&self, command: &str, arguments: &Value) -> Value {
        let request = self.agent.post(format!("{}{command}", self.session));
        let answer = request.send_json(arguments).unwrap().body_mut().read_json::<Value>().unwrap();
        let value = &answer["value"];
        assert!(value["error"].is_null(), "{command} {arguments}: {value}");
        value.clone()
    }

    #[track_caller]
    fn get(&self, command: &str) -> Value {
        let request = self.agent.get(format!("{}{command}", self.session));
        request.call().unwrap().body_mut().read_json::<Value>().unwrap()["value"].clone()
    }

    /// The window that the browser starts with.
    #[track_caller]
    pub(super) fn first_window(&self) -> String {
        self.get("/window").as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(super) fn windows(&self) -> Vec<String> {
        serde_json::from_value(self.get("/window/handles")).unwrap()
    }

    #[track_caller]
    pub(super) fn new_window(&self, kind: &str) -> String {
        self.post("/window/new", &json!({ "type": kind }))["handle"].as_str().unwrap().to_owned()
    }

    /// Whatever comes next is for this window.
    #[track_caller]
    pub(super) fn switch_to(&self, window: &str) {
        self.post("/window", &json!({ "handle": window }));
    }

    /// What the body of a function returns.
    #[track_caller]
    pub(super) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Presses keys in an element.
    #[track_caller]
    pub(super) fn type_into(&self, selector: &str, keys: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": keys }));
    }

    /// Presses keys, all of them at the same time, wherever the focus is.
    #[track_caller]
    pub(super) fn press(&self, keys: &[&str]) {
        let each = |kind: &str, key: &&str| json!({ "type": kind, "value": key });
        let down = keys.iter().map(|key| each("keyDown", key));
        let up = keys.iter().rev().map(|key| each("keyUp", key));
        let actions: Vec<_> = down.chain(up).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    #[track_caller]
    pub(super) fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// A command of Chromium's own, for what WebDriver has no words for.
    #[track_caller]
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; killing the driver alone would leave it.
        self.agent.delete(&self.session).call().ok();
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

/// Reads what the driver prints until it listens, and goes on reading, lest it block.
#[track_caller]
fn wait_until_ready(driver: &mut Child) {
    let mut output = BufReader::new(driver.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("started successfully") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "chromedriver ended at once");
    }
    let drain = move || io::copy(&mut output, &mut io::sink());
    thread::Builder::new().name("chromedriver".into()).spawn(drain).unwrap();
}

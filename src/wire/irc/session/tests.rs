use super::*;

/// A client, and what it has got.
struct Client {
    session: Session,
    got: Vec<u8>,
    has_accounts: bool,
}

impl Client {
    fn new() -> Self {
        Self { session: Session::new(), got: Vec::new(), has_accounts: true }
    }

    /// Sends lines; returns what is to be done, in order.
    fn send(&mut self, lines: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        for line in lines.lines() {
            let mut replies = Replies { server: "srv", nick: "*", out: &mut self.got };
            let offer = Offer { has_accounts: self.has_accounts, has_history: false };
            steps.extend(self.session.take(Request::parse(line), offer, &mut replies));
            let saved = serde_json::to_string(&self.session).unwrap();
            self.session = serde_json::from_str(&saved).unwrap();
        }
        steps
    }

    fn got(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.got)).unwrap().replace("\r\n", "\n")
    }
}

fn introduced(nick: &str, pass: Option<&str>) -> Step {
    let user = User::new("a", "Alice").unwrap();
    Step::Introduce { nick: nick.to_owned(), user, pass: pass.map(str::to_owned) }
}

#[test]
fn nick_and_user_in_any_order_introduce_a_client() {
    for lines in ["NICK alice\nUSER a 0 * :Alice", "user a 0 * :Alice\nnick :alice"] {
        let mut client = Client::new();
        assert_eq!(client.send(lines), [introduced("alice", None)]);
        assert_eq!(client.got(), "");
    }
    let mut client = Client::new();
    let lines = "PASS alice:secret words\nNICK alice\nUSER a 0 * :Alice";
    assert_eq!(client.send(lines), [introduced("alice", Some("alice:secret"))]);
}

#[test]
fn a_negotiation_holds_the_registration_until_it_ends() {
    let mut client = Client::new();
    assert_eq!(client.send("CAP LS 302\nNICK alice\nUSER a 0 * :Alice\nCAP REQ :batch"), []);
    let got = client.got();
    assert!(got.starts_with(":srv CAP * LS :cap-notify "), "{got}");
    assert!(
        got.ends_with(
            " sasl=PLAIN draft/read-marker draft/account-registration\n:srv CAP * ACK :batch\n"
        ),
        "{got}"
    );
    assert_eq!(client.send("CAP REQ :batch foo\nCAP LIST\nCAP FOO\nCAP"), []);
    assert_eq!(
        client.got(),
        ":srv CAP * NAK :batch foo\n:srv CAP * LIST :cap-notify batch\n\
         :srv 410 * FOO :there is no such CAP command\n:srv 461 * CAP :parameters are missing\n"
    );
    assert_eq!(client.send("CAP END"), [introduced("alice", None)]);
}

#[test]
fn a_nick_that_is_refused_can_be_replaced() {
    let mut client = Client::new();
    client.send("NICK alice\nUSER a 0 * :Alice");
    client.session.forget_nick();
    assert_eq!(client.send("NICK alice_"), [introduced("alice_", None)]);
    client.session.enter();
    assert!(client.session.is_registered());
    assert_eq!(client.send("USER b 0 * :B\nPASS x"), []);
    assert_eq!(client.got().matches(" 462 ").count(), 2);
    assert!(matches!(&*client.send("NICK bob"), [Step::Pass(_)]));
}

#[test]
fn what_is_missing_or_too_early_is_told() {
    let mut client = Client::new();
    assert_eq!(client.send("NICK\nNICK :\nUSER a 0 *\nUSER a 0 * :\nUSER @ 0 * :A\nJOIN #x"), []);
    let got = client.got();
    let numerics: Vec<_> = got.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(numerics, ["431", "431", "461", "461", "468", "451"]);
    assert_eq!(client.send("PING :a b\nPING\n\nPONG x"), []);
    assert_eq!(client.got(), ":srv PONG srv :a b\n:srv 461 * PING :parameters are missing\n");
    assert_eq!(client.send("QUIT :bye"), [Step::Quit]);
}

#[test]
fn a_browser_is_known_at_any_line_before_the_registration_ends() {
    let mut client = Client::new();
    assert_eq!(client.send("NICK a\nHost: example.com"), [Step::Foreign]);
    let mut client = Client::new();
    client.send("NICK a\nUSER a 0 * :A");
    client.session.enter();
    assert!(matches!(&*client.send("GET x"), [Step::Pass(_)]));
}

#[test]
fn sasl_ends_in_a_check_of_the_password() {
    let mut client = Client::new();
    let steps = client.send("CAP REQ sasl\nAUTHENTICATE plain\nAUTHENTICATE AGphbmUAc2VzYW1l");
    assert!(matches!(&*steps, [Step::Authenticate(who)] if who.password == "sesame"), "{steps:?}");
    assert!(!format!("{steps:?}").contains("sesame"));
    assert_eq!(client.got(), ":srv CAP * ACK :sasl\nAUTHENTICATE +\n");
    let mut replies = Replies { server: "srv", nick: "*", out: &mut client.got };
    client.session.authenticated(Ok(("jane", "*!a@b")), &mut replies);
    assert_eq!(
        client.got(),
        ":srv 900 * *!a@b jane :you are now logged in as jane\n:srv 903 * :SASL succeeded\n"
    );
    client.send("AUTHENTICATE PLAIN");
    assert_eq!(client.got(), ":srv 907 * :you are logged in already\n");
}

#[test]
fn sasl_that_fails_can_be_tried_again() {
    let mut client = Client::new();
    client.send(
        "AUTHENTICATE FOO\nAUTHENTICATE PLAIN\nAUTHENTICATE *\nAUTHENTICATE PLAIN\n\
         AUTHENTICATE !!!\nAUTHENTICATE PLAIN",
    );
    client.send(&format!("AUTHENTICATE {}", "A".repeat(401)));
    let got = client.got();
    let words: Vec<_> = got.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(words, ["908", "904", "+", "906", "+", "904", "+", "905"]);
    client.send("AUTHENTICATE PLAIN\nNICK alice");
    client.got();
    assert_eq!(client.send("USER a 0 * :Alice"), [introduced("alice", None)]);
    assert_eq!(client.got(), ":srv 906 * :SASL was aborted\n");
    client.has_accounts = false;
    client.send("AUTHENTICATE PLAIN");
    assert_eq!(client.got(), ":srv 904 * :this server keeps no accounts\n");
}

#[test]
fn a_label_is_only_taken_from_those_who_asked_for_labels() {
    let mut client = Client::new();
    let request = Request::parse("@label=a PING x");
    assert_eq!(client.session.label(&request), None);
    client.send("CAP REQ labeled-response");
    assert_eq!(client.session.label(&request), Some("a"));
    let long = Request::parse(&format!("@label={} PING x", "a".repeat(65)));
    assert_eq!(client.session.label(&long), None);
}

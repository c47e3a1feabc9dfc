//! Lines about what people do, as their tags and capabilities shape them.

use jiff::Timestamp;

use super::caps::{Cap, Caps};
use super::line::{Line, MAX_BODY, pieces};

/// The most bytes of a topic (`TOPICLEN`).
pub const MAX_TOPIC: usize = 390;

/// The client that does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender<'a> {
    /// The nick, or the server's name.
    pub nick: &'a str,
    /// The user name with its `~`, and the cloak; a server has none.
    pub at: Option<(&'a str, &'a str)>,
    /// The account that they are logged in to.
    pub account: Option<&'a str>,
    /// Whether they are a bot.
    pub is_bot: bool,
}

impl Sender<'_> {
    /// The source of a line.
    pub fn source(&self) -> String {
        match self.at {
            Some((user, host)) => format!("{}!{user}@{host}", self.nick),
            None => self.nick.to_owned(),
        }
    }
}

/// When something was done, and what identifies it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// In milliseconds of Unix time.
    pub unix_ms: i64,
    /// The id of a line.
    pub id: Option<&'a str>,
}

/// How a text was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PRIVMSG.
    Line,
    /// PRIVMSG with CTCP ACTION.
    Action,
    /// NOTICE.
    Notice,
}

impl Form {
    fn command(self) -> &'static str {
        match self {
            Self::Line | Self::Action => "PRIVMSG",
            Self::Notice => "NOTICE",
        }
    }

    /// What stands around the text.
    fn frame(self) -> (&'static str, &'static str) {
        match self {
            Self::Action => ("\x01ACTION ", "\x01"),
            _ => ("", ""),
        }
    }
}

/// Begins a line of `sender`, with the tags that a client with these capabilities gets.
pub fn begin(sender: &Sender<'_>, stamp: Stamp<'_>, command: &str, caps: Caps) -> Line {
    tagged(Line::new(sender.source(), command), sender, stamp, caps)
}

fn tagged(line: Line, sender: &Sender<'_>, stamp: Stamp<'_>, caps: Caps) -> Line {
    let mut line = line;
    if caps.has(Cap::ServerTime) {
        line = line.tag("time", &server_time(stamp.unix_ms));
    }
    if let Some(id) = stamp.id.filter(|_| caps.has(Cap::MessageTags)) {
        line = line.tag("msgid", id);
    }
    if let Some(account) = sender.account.filter(|_| caps.has(Cap::AccountTag)) {
        line = line.tag("account", account);
    }
    if sender.is_bot && caps.has(Cap::MessageTags) {
        line = line.tag("bot", "");
    }
    line
}

/// The value of the tag `time` (IRCv3, server-time).
pub fn server_time(unix_ms: i64) -> String {
    let at = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A text to a room or a person, with the tags that the sender's client set. A text too long for
/// one line is several, with ids `ID`, `ID.1` and so on.
pub fn text(
    sender: &Sender<'_>,
    stamp: Stamp<'_>,
    (target, form, text): (&str, Form, &str),
    tags: &[(String, String)],
    caps: Caps,
    out: &mut Vec<u8>,
) {
    let (before, after) = form.frame();
    let start = Line::new(sender.source(), form.command()).param(target);
    let room = room_after(&start, form);
    for (number, piece) in pieces(text, room).enumerate() {
        let id = stamp.id.map(|id| match number {
            0 => id.to_owned(),
            number => format!("{id}.{number}"),
        });
        let stamp = Stamp { id: id.as_deref(), ..stamp };
        let mut line = tagged(start.clone(), sender, stamp, caps);
        if caps.has(Cap::MessageTags) && number == 0 {
            line = tags.iter().fold(line, |line, (key, value)| line.tag(key, value));
        }
        line.last(format_args!("{before}{piece}{after}")).end(out);
    }
}

/// Bytes of a text that fit into one line after `start`.
fn room_after(start: &Line, form: Form) -> usize {
    let (before, after) = form.frame();
    MAX_BODY.saturating_sub(start.body_len() + " :".len() + before.len() + after.len()).max(4)
}

/// The length of the line that such a text is once its sender's source is before it, in bytes.
pub fn length(sender: &Sender<'_>, target: &str, form: Form, text: &str) -> usize {
    let (before, after) = form.frame();
    let start = Line::new(sender.source(), form.command()).param(target);
    start.body_len() + " :".len() + before.len() + text.len() + after.len()
}

/// Whether a text to this target fits into one line once its sender's source is before it.
pub fn fits(sender: &Sender<'_>, target: &str, form: Form, text: &str) -> bool {
    length(sender, target, form, text) <= MAX_BODY
}

/// Somebody joins; with `extended-join` the account and real name follow.
pub fn join(
    sender: &Sender<'_>,
    stamp: Stamp<'_>,
    (room, real): (&str, &str),
    caps: Caps,
    out: &mut Vec<u8>,
) {
    let line = begin(sender, stamp, "JOIN", caps).param(room);
    match caps.has(Cap::ExtendedJoin) {
        true => line.param(sender.account.unwrap_or("*")).last(real).end(out),
        false => line.end(out),
    }
}

/// A topic as it fits a line.
pub fn shown_topic(topic: &str) -> &str {
    pieces(topic, MAX_TOPIC).next().unwrap_or_default()
}

/// The tags of a client that are relayed: those that begin with `+`.
pub fn client_tags(tags: Vec<(String, String)>) -> Vec<(String, String)> {
    tags.into_iter().filter(|(key, _)| key.starts_with('+') && key.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Sender<'_> = Sender {
        nick: "alice",
        at: Some(("~al", "x.cloak")),
        account: Some("alice"),
        is_bot: false,
    };
    const STAMP: Stamp<'_> = Stamp { unix_ms: 1_795_348_952_007, id: Some("box7-1") };

    fn caps(caps: &[Cap]) -> Caps {
        caps.iter().fold(Caps::default(), |set, cap| set.with(*cap, true))
    }

    fn sent(write: impl FnOnce(&mut Vec<u8>)) -> Vec<String> {
        let mut out = Vec::new();
        write(&mut out);
        let sent = String::from_utf8(out).unwrap();
        sent.split_terminator("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn each_capability_adds_its_own_tags() {
        let line = |set: &[Cap]| {
            let tags = [("+typing".to_owned(), "done".to_owned())];
            sent(|out| text(&ALICE, STAMP, ("#dev", Form::Line, "hi"), &tags, caps(set), out))
        };
        assert_eq!(line(&[]), [":alice!~al@x.cloak PRIVMSG #dev :hi"]);
        let all = line(&[Cap::ServerTime, Cap::MessageTags, Cap::AccountTag]);
        assert_eq!(
            all[0].split_once(' ').unwrap().0,
            "@time=2026-11-22T12:02:32.007Z;msgid=box7-1;account=alice;+typing=done"
        );
        assert!(line(&[Cap::AccountTag])[0].starts_with("@account=alice :alice!"));
    }

    #[test]
    fn actions_and_notices_have_forms_of_their_own() {
        let line = |form| sent(|out| text(&ALICE, STAMP, ("b", form, "x"), &[], caps(&[]), out));
        assert_eq!(line(Form::Action), [":alice!~al@x.cloak PRIVMSG b :\x01ACTION x\x01"]);
        assert_eq!(line(Form::Notice), [":alice!~al@x.cloak NOTICE b :x"]);
    }

    #[test]
    fn a_long_text_is_several_lines_with_ids_of_their_own() {
        let long = "word ".repeat(250);
        for form in [Form::Line, Form::Action] {
            let tags = caps(&[Cap::MessageTags]);
            let lines = sent(|out| text(&ALICE, STAMP, ("#dev", form, &long), &[], tags, out));
            assert_eq!(lines.len(), 3);
            for (line, id) in lines.iter().zip(["box7-1", "box7-1.1", "box7-1.2"]) {
                let (tag, body) = line.split_once(' ').unwrap();
                assert_eq!(tag, format!("@msgid={id}"));
                assert!(body.len() <= MAX_BODY && body.contains(" word"), "{body}");
            }
        }
        let room = MAX_BODY - ":alice!~al@x.cloak PRIVMSG #dev :".len();
        assert!(fits(&ALICE, "#dev", Form::Line, &"x".repeat(room)));
        assert!(!fits(&ALICE, "#dev", Form::Line, &"x".repeat(room + 1)));
        assert!(!fits(&ALICE, "#dev", Form::Action, &"x".repeat(room)));
    }

    #[test]
    fn a_join_is_extended_for_those_who_asked_for_it() {
        let line = |set: &[Cap], sender: &Sender<'_>| {
            sent(|out| join(sender, STAMP, ("#dev", "Alice A."), caps(set), out)).remove(0)
        };
        assert_eq!(line(&[], &ALICE), ":alice!~al@x.cloak JOIN #dev");
        let extended = [Cap::ExtendedJoin];
        assert!(line(&extended, &ALICE).ends_with(" JOIN #dev alice :Alice A."));
        let guest = Sender { account: None, ..ALICE };
        assert!(line(&extended, &guest).ends_with(" JOIN #dev * :Alice A."));
    }

    #[test]
    fn only_tags_of_clients_are_relayed() {
        let own = |text: &str| (text.to_owned(), String::new());
        let relayed = client_tags(vec![own("+typing"), own("msgid"), own("+"), own("label")]);
        assert_eq!(relayed, [own("+typing")]);
    }
}

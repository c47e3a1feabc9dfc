//! Encodes messages as the lines that a text client sees.

use std::fmt::{Arguments, Display};
use std::io::Write;

use serde::{Deserialize, Serialize};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::first_line::is_http_request;
use crate::chat::{
    Dates, Entry, Kind, Manner, Message, Moment, Nick, Others, Person, RoomChangeBy, RoomName,
    RoomRole,
};
use crate::text::Text;

/// The form of one client's lines. Clients of one style share the encoded bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// Lines end in LF rather than CR LF.
    pub bare_line_feeds: bool,
    /// Lines that people say carry the time.
    pub timestamps: bool,
    /// Lines that name the client end in BEL. They are encoded for it alone, so that this is no
    /// style of its own for what clients share.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bell: bool,
}

impl Style {
    /// The number of styles.
    pub const COUNT: usize = 4;

    /// An index for arrays, below [`COUNT`](Self::COUNT).
    pub fn index(self) -> usize {
        usize::from(self.bare_line_feeds) + 2 * usize::from(self.timestamps)
    }
}

/// Appends `message` to `out`, as one or more complete lines.
pub fn encode(message: &Message, style: Style, out: &mut Vec<u8>) {
    let mut lines = Lines { out, style };
    match message {
        Message::Said { entry, .. } => lines.said(entry, style.timestamps.then_some(CLOCK)),
        Message::PrivateFrom { from, text, at, manner, .. } => match manner {
            Manner::Line => lines.private(*at, format_args!("[from {from}] {text}")),
            Manner::Emote => lines.private(*at, format_args!("[from {from}] * {from} {text}")),
            Manner::Notice => lines.private(*at, format_args!("-{from}- {text}")),
        },
        Message::PrivateTo { to, text, at, .. } => {
            lines.private(*at, format_args!("[to {to}] {text}"));
        }
        Message::Welcome { server, nick, room, others } => {
            lines.notice(format_args!(
                "Welcome to chatd on {server}. You are {nick}, {}.",
                Location(room, others)
            ));
            lines.notice(format_args!(
                "Type a line and press Enter. /nick NAME  /who  /help  /quit"
            ));
        }
        Message::Moved { room, others, .. } => {
            lines.notice(format_args!("You are {}.", Location(room, others)));
        }
        Message::Joined { nick, here, .. } => {
            lines.notice(format_args!("{nick} joined ({here} here)"));
        }
        Message::Left { nick, reason, here, .. } => {
            lines.notice(format_args!("{nick} left: {reason} ({here} here)"));
        }
        Message::Digest { joined, left, here, .. } => {
            lines.notice(format_args!("{}", digest(*joined, *left, *here)));
        }
        Message::Renamed { from, to, .. } => lines.notice(format_args!("{from} is now {to}")),
        Message::RenamedYou { to, .. } => lines.notice(format_args!("you are now {to}")),
        Message::TopicSet { nick, text: Some(text), .. } => {
            lines.notice(format_args!("{nick} set the topic: {text}"));
        }
        Message::TopicSet { nick, text: None, .. } => {
            lines.notice(format_args!("{nick} cleared the topic"));
        }
        Message::Topic { text: Some(text), .. } => {
            lines.notice(format_args!("the topic is {text}"));
        }
        Message::Topic { text: None, .. } => lines.notice(format_args!("no topic is set")),
        Message::People { room, here, people, more } => lines.people(room, *here, people, *more),
        Message::History { entries, dates, has_notices, .. } => {
            lines.history(entries, *dates);
            if !has_notices {
                lines.notice(format_args!("end of history"));
            }
        }
        Message::Found(found) => lines.found(found),
        // For wires that tell who everybody is.
        Message::Relay(_) | Message::Introduced(_) | Message::LoggedIn(_) | Message::GotRights => {}
        Message::Denied(denied) => lines.line(format_args!("!! {}", denied.why)),
        Message::RoomChanged { by, change, .. } => {
            lines.notice(format_args!("{}", RoomChangeBy(*by, change)));
        }
        // Only for lists of people.
        Message::RoleRestored { .. } | Message::Operator { .. } => {}
        Message::Room(view) => {
            lines.notice(format_args!("room {}: {}", view.room, view.order()));
            lines.notice(format_args!("settings: {}", view.settings()));
        }
        Message::Invited { room, by } => {
            lines.notice(format_args!("{by} invites you to {room}: /join {room}"));
        }
        Message::KickedFrom { room, by, why } => {
            lines.line(format_args!("!! kicked from {room} by {by}{}", Because(why.as_ref())));
        }
        Message::SaidToRole { room, role, from, manner, text } => {
            lines.notice(format_args!("{}", to_role((*room, *role), *from, *manner, text)));
        }
        Message::Notice(text) | Message::NoticeIn(_, text) => lines.notice(format_args!("{text}")),
        Message::Refused(refusal) | Message::RefusedIn(_, refusal) => {
            lines.line(format_args!("!! {refusal}"));
        }
        Message::Bye => {
            lines.notice(format_args!("Bye. (Press Ctrl-C if your prompt does not come back.)"))
        }
        Message::GoingDown => lines.notice(format_args!("the server is going down")),
    }
}

/// The same for a message of one line, which rings the client's bell.
pub fn encode_ringing(message: &Message, style: Style, out: &mut Vec<u8>) {
    encode(message, style, out);
    let end = if style.bare_line_feeds { 1 } else { 2 };
    out.insert(out.len().saturating_sub(end), BEL);
}

/// The text of a digest; omits a zero count.
pub fn digest(joined: usize, left: usize, here: usize) -> String {
    match (joined, left) {
        (joined, 0) => format!("{joined} joined ({here} here)"),
        (0, left) => format!("{left} left ({here} here)"),
        (joined, left) => format!("{joined} joined, {left} left ({here} here)"),
    }
}

/// The words of a line to those in a room who have a role.
pub fn to_role(
    (room, role): (RoomName, RoomRole),
    from: Nick,
    manner: Manner,
    text: &Text,
) -> String {
    let whom = match role {
        RoomRole::Operator => "operators",
        RoomRole::Voice => "operators and voices",
    };
    match manner {
        Manner::Emote => format!("{from} to {whom} of {room}: * {from} {text}"),
        Manner::Line | Manner::Notice => format!("{from} to {whom} of {room}: {text}"),
    }
}

/// The complete answer to a client that speaks HTTP or TLS; `web` is the web port, if there is one.
pub fn http_refusal(web: Option<u16>) -> Vec<u8> {
    let elsewhere = match web {
        Some(port) => format!("Browsers can use port {port}."),
        None => "It does not serve browsers.".to_owned(),
    };
    bad_request(&format!("This port is for text clients such as netcat and telnet. {elsewhere}\n"))
}

fn bad_request(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
         X-Content-Type-Options: nosniff\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The refusal to a client that does not speak TLS on a TLS `port`: a line of text or IRC, or an HTTP
/// answer if it `sent` a request.
pub fn plain_refusal(is_irc: bool, port: u16, sent: &[u8]) -> Vec<u8> {
    let first = sent.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if is_http_request(&String::from_utf8_lossy(first)) {
        return bad_request("This port is for text clients, and speaks TLS.\n");
    }
    if is_irc {
        return b"ERROR :this port speaks TLS\r\n".to_vec();
    }
    format!("!! this port speaks TLS; try: ncat --ssl HOST {port}\r\n").into_bytes()
}

/// The control byte that rings a terminal's bell.
const BEL: u8 = 7;

/// Nicks in one line of `/who`.
const NAMES_A_LINE: usize = 10;

/// Formats of the time before a line, for strftime.
const CLOCK: &str = "[%H:%M] ";
const DATE_AND_CLOCK: &str = "[%Y-%m-%d %H:%M] ";

struct Lines<'a> {
    out: &'a mut Vec<u8>,
    style: Style,
}

impl Lines<'_> {
    fn line(&mut self, words: Arguments<'_>) {
        // Writing to a Vec cannot fail.
        let _ = self.out.write_fmt(words);
        self.out.extend_from_slice(self.end().as_bytes());
    }

    fn end(&self) -> &'static str {
        if self.style.bare_line_feeds { "\n" } else { "\r\n" }
    }

    fn notice(&mut self, words: Arguments<'_>) {
        self.line(format_args!("-- {words}"));
    }

    /// A line or an action. Every delivered line passes here, so it avoids formatting.
    fn said(&mut self, entry: &Entry, time: Option<&str>) {
        if let Some(format) = time {
            self.time(entry.at, format);
        }
        let (before, after) = match entry.kind {
            Kind::Said => ("<", "> "),
            Kind::Emoted => ("* ", " "),
            Kind::Noticed => ("-", "- "),
            Kind::Gap | Kind::Removed(_) => {
                self.out.extend_from_slice(entry.text.as_str().as_bytes());
                return self.out.extend_from_slice(self.end().as_bytes());
            }
        };
        let (text, end) = (entry.text.as_str(), self.end());
        for part in [before.as_bytes(), entry.from.as_bytes(), after.as_bytes(), text.as_bytes()] {
            self.out.extend_from_slice(part);
        }
        self.out.extend_from_slice(end.as_bytes());
    }

    fn private(&mut self, at: Moment, words: Arguments<'_>) {
        if self.style.timestamps {
            self.time(at, CLOCK);
        }
        self.line(words);
    }

    fn people(&mut self, room: &dyn Display, here: usize, people: &[Person], more: usize) {
        let mut names: Vec<String> = people.iter().map(Person::to_string).collect();
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        let mut rows = names.chunks(NAMES_A_LINE).map(|names| names.join(", "));
        match rows.next() {
            Some(first) => self.notice(format_args!("{room} ({here} here): {first}")),
            None => self.notice(format_args!("{room} ({here} here)")),
        }
        rows.for_each(|row| self.notice(format_args!("  {row}")));
    }

    fn history(&mut self, entries: &[Entry], dates: Dates) {
        let today = match dates {
            Dates::Always => None,
            Dates::UnlessOn(moment) => Some(local(moment).date()),
        };
        for entry in entries {
            let is_today = today.is_some_and(|today| local(entry.at).date() == today);
            self.said(entry, Some(if is_today { CLOCK } else { DATE_AND_CLOCK }));
        }
    }

    /// Lines with the names of their rooms.
    fn found(&mut self, found: &[(RoomName, Entry)]) {
        for (room, entry) in found {
            self.time(entry.at, DATE_AND_CLOCK);
            let _ = write!(self.out, "{room} ");
            self.said(entry, None);
        }
        self.notice(format_args!("end of search"));
    }

    fn time(&mut self, at: Moment, format: &str) {
        let _ = write!(self.out, "{}", local(at).strftime(format));
    }
}

/// When a line of a history was said, in brackets and with a blank.
pub fn shown_time(at: Moment, dates: Dates) -> String {
    let is_today = match dates {
        Dates::Always => false,
        Dates::UnlessOn(moment) => local(moment).date() == local(at).date(),
    };
    local(at).strftime(if is_today { CLOCK } else { DATE_AND_CLOCK }).to_string()
}

/// A reason behind a colon; nothing without one.
struct Because<'a>(Option<&'a Text>);

impl Display for Because<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|why| write!(f, ": {why}"))
    }
}

/// The time in the server's time zone.
fn local(at: Moment) -> Zoned {
    let at = Timestamp::from_millisecond(at.unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::system())
}

/// Shows a room and the people in it: "in dev with alice and bob (3 here)".
struct Location<'a, R>(&'a R, &'a Others);

impl<R: Display> Display for Location<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(room, others) = self;
        match others.names.as_slice() {
            [] if others.count == 0 => return write!(f, "alone in {room}"),
            [] => write!(f, "in {room} with {} others", others.count)?,
            [one] => write!(f, "in {room} with {one}")?,
            [first, middle @ .., last] => {
                write!(f, "in {room} with {first}")?;
                middle.iter().try_for_each(|nick| write!(f, ", {nick}"))?;
                write!(f, " and {last}")?;
            }
        }
        write!(f, " ({} here)", others.count + 1)
    }
}

//! Answers about people: NAMES, WHO, WHOIS and WHOWAS. Whom the client may know of, the caller says.

use std::time::Duration;

use super::numeric::*;
use super::replies::Replies;
use super::whox::Fields;
use crate::text::Text;

/// What somebody is in a room, the higher the more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing special.
    #[default]
    None,
    /// May speak where the room is moderated.
    Voice,
    /// Keeps order.
    Operator,
}

impl Role {
    /// The prefix of a nick.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Voice => "+",
            Self::Operator => "@",
        }
    }
}

/// Somebody, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Their nick.
    pub nick: &'a str,
    /// Their user name, with its `~`.
    pub user: &'a str,
    /// Their cloak.
    pub host: &'a str,
    /// Their real name.
    pub real: &'a str,
    /// The account that they are logged in to.
    pub account: Option<&'a str>,
    /// Why they are away, if they are.
    pub away: Option<&'a str>,
    /// Whether they are an operator of the server.
    pub is_operator: bool,
    /// Whether they are a bot.
    pub is_bot: bool,
    /// Whether their connection is encrypted.
    pub is_secure: bool,
    /// How long they have been silent.
    pub idle: Duration,
    /// When they came, in seconds of Unix time.
    pub since: i64,
    /// Their address, for those who may see it.
    pub address: Option<&'a str>,
    /// What they are in the room that is asked for.
    pub role: Role,
    /// Whether they have a voice besides being an operator.
    pub has_voice: bool,
}

impl Member<'_> {
    /// The client as the source of a line.
    pub fn source(&self) -> String {
        format!("{}!{}@{}", self.nick, self.user, self.host)
    }

    /// The prefixes of the nick: all with `multi-prefix`, else the highest.
    fn prefixes(&self, has_multi: bool) -> &'static str {
        match self.role {
            Role::Operator if has_multi && self.has_voice => "@+",
            role => role.prefix(),
        }
    }

    /// The client in a list of names.
    pub fn listed(&self, has_multi: bool, has_host: bool) -> String {
        let prefixes = self.prefixes(has_multi);
        match has_host {
            true => format!("{prefixes}{}", self.source()),
            false => format!("{prefixes}{}", self.nick),
        }
    }

    /// The flags of WHO.
    fn flags(&self, has_multi: bool) -> String {
        let away = if self.away.is_some() { "G" } else { "H" };
        let operator = if self.is_operator { "*" } else { "" };
        let bot = if self.is_bot { "B" } else { "" };
        format!("{away}{operator}{}{bot}", self.prefixes(has_multi))
    }
}

/// An address as a parameter, which must not begin with a colon.
fn shown_address(address: &str) -> String {
    if address.starts_with(':') { format!("0{address}") } else { address.to_owned() }
}

/// Sends 366.
pub fn end_of_names(replies: &mut Replies<'_>, room: &str) {
    replies.numeric(RPL_ENDOFNAMES, &[room], "end of NAMES");
}

/// Sends 352, or 354 with the `fields` that were asked for, about somebody in a room, or `*`.
pub fn who(
    replies: &mut Replies<'_>,
    room: &str,
    member: &Member<'_>,
    fields: Option<&Fields>,
    has_multi: bool,
) {
    let (server, flags) = (replies.server, member.flags(has_multi));
    let Some(fields) = fields else {
        let params = [room, member.user, member.host, server, member.nick, &flags];
        return replies.numeric(RPL_WHOREPLY, &params, format_args!("0 {}", member.real));
    };
    let idle = member.idle.as_secs().to_string();
    let mut line = replies.begin(RPL_WHOSPCRPL);
    for letter in fields.letters() {
        line = match letter {
            't' => line.param(fields.token.as_deref().unwrap_or("0")),
            'c' => line.param(room),
            'u' => line.param(member.user),
            'i' => line.param(shown_address(member.address.unwrap_or("255.255.255.255"))),
            'h' => line.param(member.host),
            's' => line.param(server),
            'n' => line.param(member.nick),
            'f' => line.param(&flags),
            'd' => line.param(0),
            'l' => line.param(&idle),
            'a' => line.param(member.account.unwrap_or("0")),
            'o' => line.param("n/a"),
            _ => line.last(member.real),
        };
    }
    replies.end(&line);
}

/// Sends 315.
pub fn end_of_who(replies: &mut Replies<'_>, mask: &str) {
    replies.numeric(RPL_ENDOFWHO, &[mask], "end of WHO");
}

/// Answers WHOIS: somebody, and the rooms that the client may know of, with prefixes (`@#dev`).
pub fn whois(replies: &mut Replies<'_>, member: &Member<'_>, rooms: &[String]) {
    let (nick, server) = (member.nick, replies.server);
    replies.numeric(RPL_WHOISUSER, &[nick, member.user, member.host, "*"], member.real);
    replies.words(RPL_WHOISCHANNELS, &[nick], rooms);
    replies.numeric(RPL_WHOISSERVER, &[nick, server], "chatd");
    if member.is_operator {
        replies.numeric(RPL_WHOISOPERATOR, &[nick], "is an operator of this server");
    }
    if let Some(account) = member.account {
        replies.numeric(RPL_WHOISACCOUNT, &[nick, account], "is logged in as");
    }
    if member.is_bot {
        replies.numeric(RPL_WHOISBOT, &[nick], "is a bot");
    }
    if let Some(address) = member.address {
        replies.numeric(RPL_WHOISACTUALLY, &[nick, &shown_address(address)], "is connected from");
    }
    if member.is_secure {
        replies.numeric(RPL_WHOISSECURE, &[nick], "uses an encrypted connection");
    }
    if let Some(away) = member.away {
        replies.numeric(RPL_AWAY, &[nick], if away.is_empty() { "away" } else { away });
    }
    let (idle, since) = (member.idle.as_secs().to_string(), member.since.to_string());
    replies.numeric(RPL_WHOISIDLE, &[nick, &idle, &since], "seconds idle, signon time");
}

/// Sends 311 and 312 of a service, which is no client.
pub fn whois_service(replies: &mut Replies<'_>, name: &str) {
    let server = replies.server;
    replies.numeric(RPL_WHOISUSER, &[name, name, server, "*"], "runs commands of chatd");
    replies.numeric(RPL_WHOISSERVER, &[name, server], "chatd");
}

/// Sends 401: nobody is called that.
pub fn no_such_nick(replies: &mut Replies<'_>, nick: &str) {
    replies.numeric(ERR_NOSUCHNICK, &[nick], format_args!("no one here is called {nick}"));
}

/// Sends 318.
pub fn end_of_whois(replies: &mut Replies<'_>, nick: &str) {
    replies.numeric(RPL_ENDOFWHOIS, &[nick], "end of WHOIS");
}

/// Somebody who was here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Their nick.
    pub nick: String,
    /// Their user name, with its `~`.
    pub user: String,
    /// Their cloak.
    pub host: String,
    /// Their real name.
    pub real: Text,
    /// When they left, for people.
    pub left: String,
}

/// Answers WHOWAS, the latest first.
pub fn whowas<'a>(replies: &mut Replies<'_>, nick: &str, past: impl IntoIterator<Item = &'a Past>) {
    let server = replies.server;
    let mut past = past.into_iter().peekable();
    if past.peek().is_none() {
        let words = format_args!("no one was called {nick}");
        replies.numeric(ERR_WASNOSUCHNICK, &[nick], words);
    }
    for one in past {
        let params = [&*one.nick, &*one.user, &*one.host, "*"];
        replies.numeric(RPL_WHOWASUSER, &params, &one.real);
        replies.numeric(RPL_WHOISSERVER, &[&one.nick, server], &one.left);
    }
    replies.numeric(RPL_ENDOFWHOWAS, &[nick], "end of WHOWAS");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::replies::written;

    fn alice() -> Member<'static> {
        Member {
            nick: "alice",
            user: "~al",
            host: "x.cloak",
            real: "Alice A.",
            account: Some("alice"),
            away: None,
            is_operator: false,
            is_bot: false,
            is_secure: false,
            idle: Duration::from_secs(7),
            since: 42,
            address: None,
            role: Role::Operator,
            has_voice: true,
        }
    }

    #[test]
    fn names_carry_the_prefixes_and_hosts_that_were_asked_for() {
        let bob = Member { nick: "bob", role: Role::Voice, ..alice() };
        let members = [alice(), bob];
        let listed = |multi, hosts| members.clone().map(|member| member.listed(multi, hosts));
        assert_eq!(listed(false, false), ["@alice", "+bob"]);
        assert_eq!(listed(true, false), ["@+alice", "+bob"]);
        assert_eq!(listed(false, true), ["@alice!~al@x.cloak", "+bob!~al@x.cloak"]);
    }

    #[test]
    fn who_tells_flags_or_the_fields_that_were_asked_for() {
        let carol = Member { away: Some("lunch"), is_operator: true, is_bot: true, ..alice() };
        assert_eq!(
            written(|to| who(to, "#dev", &carol, None, false)),
            [":srv 352 me #dev ~al x.cloak srv alice G*@B :0 Alice A."]
        );
        let fields = Fields::parse("%tcuihsnfdlaor,42");
        assert_eq!(
            written(|to| who(to, "*", &alice(), fields.as_ref(), true)),
            [":srv 354 me 42 * ~al 255.255.255.255 x.cloak srv alice H@+ 0 7 alice n/a :Alice A."]
        );
    }

    #[test]
    fn whois_tells_what_there_is() {
        let lines = written(|to| whois(to, &alice(), &["@#dev".to_owned()]));
        assert_eq!(
            lines,
            [
                ":srv 311 me alice ~al x.cloak * :Alice A.",
                ":srv 319 me alice :@#dev",
                ":srv 312 me alice srv :chatd",
                ":srv 330 me alice alice :is logged in as",
                ":srv 317 me alice 7 42 :seconds idle, signon time",
            ]
        );
        let all = Member {
            account: None,
            away: Some(""),
            is_operator: true,
            is_bot: true,
            is_secure: true,
            address: Some("::1"),
            ..alice()
        };
        let lines = written(|to| whois(to, &all, &[]));
        let numerics: Vec<_> = lines.iter().map(|line| &line[5..8]).collect();
        assert_eq!(numerics, ["311", "312", "313", "335", "338", "671", "301", "317"]);
        // An address may begin with a colon, which no parameter in the middle can.
        assert!(lines[4].contains(" 338 me alice 0::1 :"), "{}", lines[4]);
    }

    #[test]
    fn whowas_tells_who_was_here_or_that_nobody_was() {
        let past = Past {
            nick: "bob".to_owned(),
            user: "~b".to_owned(),
            host: "y.cloak".to_owned(),
            real: Text::new("Bob"),
            left: "today".to_owned(),
        };
        assert_eq!(
            written(|to| whowas(to, "bob", [&past])),
            [
                ":srv 314 me bob ~b y.cloak * :Bob",
                ":srv 312 me bob srv :today",
                ":srv 369 me bob :end of WHOWAS",
            ]
        );
        assert_eq!(
            written(|to| whowas(to, "eve", []))[0],
            ":srv 406 me eve :no one was called eve"
        );
    }
}

//! What a client gets when it comes into the chat: 001 to 005, LUSERS and the MOTD.

use std::fmt::Display;

use super::isupport::isupport;
use super::numeric::*;
use super::replies::Replies;

/// The modes of users and channels, as 004 lists them.
const USER_MODES: &str = "Biow";
const CHANNEL_MODES: &str = "CIbeiklmnostv";
const MODES_WITH_PARAM: &str = "Ibeklov";

/// How many there are, as far as the client may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People in the chat, on any wire.
    pub people: usize,
    /// Of them, those who are invisible.
    pub invisible: usize,
    /// Operators of the server.
    pub operators: usize,
    /// Connections that are not registered yet.
    pub unknown: usize,
    /// Rooms with people.
    pub rooms: usize,
    /// The most people since the start.
    pub most: usize,
}

/// Sends 001 to 005. `source` is the client's whole source, `since` the time of the server's start.
pub fn welcome(
    replies: &mut Replies<'_>,
    source: &str,
    version: &str,
    since: impl Display,
    has_history: bool,
) {
    let server = replies.server;
    replies.numeric(RPL_WELCOME, &[], format_args!("Welcome to chatd, {source}"));
    let host = format_args!("Your host is {server}, running chatd {version}");
    replies.numeric(RPL_YOURHOST, &[], host);
    replies.numeric(RPL_CREATED, &[], format_args!("This server was started {since}"));
    let line = replies.begin(RPL_MYINFO).param(server).param(format_args!("chatd-{version}"));
    let line = line.param(USER_MODES).param(CHANNEL_MODES).param(MODES_WITH_PARAM);
    replies.end(&line);
    for tokens in isupport(has_history) {
        replies.numeric(RPL_ISUPPORT, tokens, "are supported by this server");
    }
}

/// Answers LUSERS.
pub fn lusers(replies: &mut Replies<'_>, counts: Counts) {
    let Counts { people, invisible, operators, unknown, rooms, most } = counts;
    let visible = people.saturating_sub(invisible);
    let words = format_args!("There are {visible} users and {invisible} invisible on 1 servers");
    replies.numeric(RPL_LUSERCLIENT, &[], words);
    replies.numeric(RPL_LUSEROP, &[&operators.to_string()], "operators online");
    replies.numeric(RPL_LUSERUNKNOWN, &[&unknown.to_string()], "unregistered connections");
    replies.numeric(RPL_LUSERCHANNELS, &[&rooms.to_string()], "channels formed");
    replies.numeric(RPL_LUSERME, &[], format_args!("I have {people} clients and 0 servers"));
    let (now, max) = (people.to_string(), most.max(people).to_string());
    let words = format!("Current local users {now}, max {max}");
    replies.numeric(RPL_LOCALUSERS, &[&now, &max], words);
    let words = format!("Current global users {now}, max {max}");
    replies.numeric(RPL_GLOBALUSERS, &[&now, &max], words);
}

/// Answers MOTD.
pub fn motd<L: Display>(replies: &mut Replies<'_>, lines: impl IntoIterator<Item = L>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return replies.numeric(ERR_NOMOTD, &[], "there is no message of the day");
    }
    let start = format!("- {} message of the day -", replies.server);
    replies.numeric(RPL_MOTDSTART, &[], start);
    lines.for_each(|line| replies.numeric(RPL_MOTD, &[], format_args!("- {line}")));
    replies.numeric(RPL_ENDOFMOTD, &[], "end of the message of the day");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::replies::written;

    #[test]
    fn the_welcome_is_001_to_005() {
        let lines = written(|to| welcome(to, "me!~a@x.cloak", "0.1", "today", false));
        assert_eq!(lines[0], ":srv 001 me :Welcome to chatd, me!~a@x.cloak");
        assert_eq!(lines[3], ":srv 004 me srv chatd-0.1 Biow CIbeiklmnostv Ibeklov");
        assert!(lines[4..].iter().all(|line| line.starts_with(":srv 005 me ")));
        assert!(lines[4..].iter().all(|line| line.ends_with(" :are supported by this server")));
    }

    #[test]
    fn everybody_is_counted() {
        let counts = Counts { people: 3, invisible: 1, most: 7, rooms: 2, ..Counts::default() };
        let lines = written(|to| lusers(to, counts));
        assert_eq!(lines[0], ":srv 251 me :There are 2 users and 1 invisible on 1 servers");
        assert_eq!(lines[4], ":srv 255 me :I have 3 clients and 0 servers");
        assert_eq!(lines[5], ":srv 265 me 3 7 :Current local users 3, max 7");
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn the_motd_is_told_or_said_to_be_missing() {
        assert_eq!(
            written(|to| motd::<&str>(to, [])),
            [":srv 422 me :there is no message of the day"]
        );
        assert_eq!(
            written(|to| motd(to, ["hi", ""])),
            [
                ":srv 375 me :- srv message of the day -",
                ":srv 372 me :- hi",
                ":srv 372 me :- ",
                ":srv 376 me :end of the message of the day",
            ]
        );
    }
}

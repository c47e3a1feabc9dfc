//! Answers about the server and its rooms: LIST, VERSION, TIME, INFO, LINKS, ADMIN and HELP.

use std::fmt::Display;

use super::numeric::*;
use super::replies::Replies;

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its name (`#dev`).
    pub name: &'a str,
    /// How many people are in it.
    pub people: usize,
    /// Its topic.
    pub topic: &'a str,
}

/// Answers LIST.
pub fn list<'a>(replies: &mut Replies<'_>, rooms: impl IntoIterator<Item = Listed<'a>>) {
    replies.numeric(RPL_LISTSTART, &["Channel"], "Users Name");
    for Listed { name, people, topic } in rooms {
        replies.numeric(RPL_LIST, &[name, &people.to_string()], topic);
    }
    replies.numeric(RPL_LISTEND, &[], "end of LIST");
}

/// Answers VERSION.
pub fn version(replies: &mut Replies<'_>, version: &str) {
    let (server, version) = (replies.server, format!("chatd-{version}"));
    replies.numeric(RPL_VERSION, &[&version, server], "a chat server for netcat, browsers and IRC");
}

/// Answers TIME.
pub fn time(replies: &mut Replies<'_>, now: impl Display) {
    let server = replies.server;
    replies.numeric(RPL_TIME, &[server], now);
}

/// Answers INFO.
pub fn info(replies: &mut Replies<'_>, version: &str, since: impl Display) {
    let lines = [
        format!("chatd {version}: one chat for netcat, telnet, browsers and IRC"),
        format!("This server was started {since}"),
    ];
    lines.iter().for_each(|line| replies.numeric(RPL_INFO, &[], line));
    replies.numeric(RPL_ENDOFINFO, &[], "end of INFO");
}

/// Answers LINKS: to other servers there are none. The server itself is not listed, as it has no
/// description.
pub fn links(replies: &mut Replies<'_>) {
    replies.numeric(RPL_ENDOFLINKS, &["*"], "end of LINKS");
}

/// Answers ADMIN.
pub fn admin(replies: &mut Replies<'_>) {
    let server = replies.server;
    replies.numeric(RPL_ADMINME, &[server], "who keeps order here");
    replies.numeric(RPL_ADMINLOC1, &[], "chatd");
    replies.numeric(RPL_ADMINLOC2, &[], "ask the operators, whom WHO * o lists");
    replies.numeric(RPL_ADMINEMAIL, &[], "no address is given");
}

/// The subjects of HELP.
const HELP: [(&str, &[&str]); 6] = [
    ("JOIN", &["JOIN #ROOM[,#ROOM] [KEY[,KEY]]", "enters rooms; JOIN 0 leaves all of them"]),
    ("PRIVMSG", &["PRIVMSG TARGET[,TARGET] :TEXT", "says something to people or rooms"]),
    ("MODE", &["MODE #ROOM [+MODES [PARAMETERS]]", "shows or changes the settings of a room"]),
    ("NICK", &["NICK NAME", "changes your name"]),
    ("WHOIS", &["WHOIS NAME", "tells who somebody is"]),
    ("QUIT", &["QUIT [:TEXT]", "ends the conversation"]),
];

/// Answers HELP.
pub fn help(replies: &mut Replies<'_>, subject: Option<&str>) {
    let Some(asked) = subject else { return help_index(replies) };
    let found = HELP.iter().find(|(name, _)| name.eq_ignore_ascii_case(asked));
    match found {
        None => {
            let words = format_args!("there is no help on {asked}; try HELP");
            replies.numeric(ERR_HELPNOTFOUND, &[asked], words);
        }
        Some((name, lines)) => help_lines(replies, asked, name, lines.iter()),
    }
}

fn help_index(replies: &mut Replies<'_>) {
    let subjects: Vec<_> = HELP.iter().map(|(name, _)| *name).collect();
    let lines = [
        "PRIVMSG chatd :COMMAND runs any command of chatd, such as PRIVMSG chatd :help".to_owned(),
        format!("HELP SUBJECT tells more: {}", subjects.join(" ")),
    ];
    help_lines(replies, "*", "chatd", lines.iter());
}

fn help_lines<L: Display>(
    replies: &mut Replies<'_>,
    subject: &str,
    title: &str,
    lines: impl Iterator<Item = L>,
) {
    replies.numeric(RPL_HELPSTART, &[subject], title);
    lines.for_each(|line| replies.numeric(RPL_HELPTXT, &[subject], line));
    replies.numeric(RPL_ENDOFHELP, &[subject], "end of HELP");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::replies::written;

    #[test]
    fn rooms_are_listed_between_a_start_and_an_end() {
        let rooms = [Listed { name: "#dev", people: 2, topic: "a b" }];
        assert_eq!(
            written(|to| list(to, rooms)),
            [
                ":srv 321 me Channel :Users Name",
                ":srv 322 me #dev 2 :a b",
                ":srv 323 me :end of LIST",
            ]
        );
    }

    #[test]
    fn questions_about_the_server_have_the_numerics_of_the_field() {
        let numerics = |write: fn(&mut Replies<'_>)| -> Vec<String> {
            written(write).iter().map(|line| line[5..8].to_owned()).collect()
        };
        assert_eq!(numerics(|to| version(to, "0.1")), ["351"]);
        assert_eq!(numerics(|to| time(to, "now")), ["391"]);
        assert_eq!(numerics(|to| info(to, "0.1", "today")), ["371", "371", "374"]);
        assert_eq!(numerics(links), ["365"]);
        assert_eq!(numerics(admin), ["256", "257", "258", "259"]);
    }

    #[test]
    fn help_echoes_its_subject_or_says_that_there_is_none() {
        assert_eq!(written(|to| help(to, Some("privmsg")))[0], ":srv 704 me privmsg :PRIVMSG");
        assert_eq!(written(|to| help(to, None))[0], ":srv 704 me * :chatd");
        let unknown = written(|to| help(to, Some("FOO")));
        assert_eq!(unknown, [":srv 524 me FOO :there is no help on FOO; try HELP"]);
    }
}

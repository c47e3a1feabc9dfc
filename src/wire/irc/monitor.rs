//! MONITOR: whose coming and going a client is told of (IRCv3, monitor).

use serde::{Deserialize, Serialize};

use super::numeric::*;
use super::replies::Replies;
use super::target::split;

/// The most nicks on one list.
pub const MAX_MONITORED: usize = 100;
/// Bytes of one nick: longer ones cannot be anybody's.
const MAX_NICK: usize = 32;

/// The nicks on one client's list, as it typed them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Monitored(Vec<String>);

impl Monitored {
    /// Whether a nick is on the list.
    pub fn has(&self, nick: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(nick))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All nicks.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Answers MONITOR with these parameters. `source` gives the source of somebody who is here.
    pub fn take(
        &mut self,
        params: &[String],
        source: impl Fn(&str) -> Option<String>,
        replies: &mut Replies<'_>,
    ) {
        let nicks = params.get(1).map_or("", String::as_str);
        match params.first().map(|command| command.to_ascii_uppercase()).as_deref() {
            Some("+") if !nicks.is_empty() => self.add(nicks, source, replies),
            Some("-") if !nicks.is_empty() => {
                self.0.retain(|own| !split(nicks).any(|nick| nick.eq_ignore_ascii_case(own)));
            }
            Some("C") => self.0.clear(),
            Some("L") => {
                list(RPL_MONLIST, self.0.iter(), replies);
                replies.numeric(RPL_ENDOFMONLIST, &[], "end of MONITOR");
            }
            Some("S") => tell(self.iter(), source, replies),
            _ => replies.numeric(ERR_NEEDMOREPARAMS, &["MONITOR"], "parameters are missing"),
        }
    }

    fn add(
        &mut self,
        nicks: &str,
        source: impl Fn(&str) -> Option<String>,
        replies: &mut Replies<'_>,
    ) {
        let start = self.0.len();
        let mut refused = Vec::new();
        for nick in split(nicks).filter(|nick| nick.len() <= MAX_NICK) {
            if self.has(nick) {
                continue;
            }
            match self.0.len() < MAX_MONITORED {
                true => self.0.push(nick.to_owned()),
                false => refused.push(nick),
            }
        }
        tell(self.0[start..].iter().map(String::as_str), source, replies);
        if !refused.is_empty() {
            let (limit, nicks) = (MAX_MONITORED.to_string(), refused.join(","));
            replies.numeric(ERR_MONLISTFULL, &[&limit, &nicks], "the list is full");
        }
    }
}

/// Tells who of these is here.
pub fn tell<'a>(
    nicks: impl Iterator<Item = &'a str>,
    source: impl Fn(&str) -> Option<String>,
    replies: &mut Replies<'_>,
) {
    let (mut here, mut gone) = (Vec::new(), Vec::new());
    for nick in nicks {
        match source(nick) {
            Some(source) => here.push(source),
            None => gone.push(nick.to_owned()),
        }
    }
    list(RPL_MONONLINE, here.iter(), replies);
    list(RPL_MONOFFLINE, gone.iter(), replies);
}

/// Sends words with commas between them, in as few lines as they fit into.
fn list<'a>(numeric: u16, words: impl Iterator<Item = &'a String>, replies: &mut Replies<'_>) {
    const ROOM: usize = 400;
    let mut row = String::new();
    for word in words {
        if !row.is_empty() && row.len() + 1 + word.len() > ROOM {
            replies.numeric(numeric, &[], std::mem::take(&mut row));
        }
        if !row.is_empty() {
            row.push(',');
        }
        row.push_str(word);
    }
    if !row.is_empty() {
        replies.numeric(numeric, &[], row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::replies::written;

    /// Alice is here.
    fn source(nick: &str) -> Option<String> {
        nick.eq_ignore_ascii_case("alice").then(|| "alice!~al@x.cloak".to_owned())
    }

    fn take(list: &mut Monitored, line: &str) -> Vec<String> {
        let params: Vec<_> = line.split(' ').map(str::to_owned).collect();
        written(|to| list.take(&params, source, to))
    }

    #[test]
    fn nicks_are_added_and_removed_and_told_of() {
        let mut list = Monitored::default();
        assert_eq!(
            take(&mut list, "+ Alice,bob,,alice"),
            [":srv 730 me :alice!~al@x.cloak", ":srv 731 me :bob"]
        );
        assert!(list.has("ALICE"));
        assert_eq!(take(&mut list, "L"), [":srv 732 me :Alice,bob", ":srv 733 me :end of MONITOR"]);
        assert!(take(&mut list, "- BOB,x").is_empty());
        assert_eq!(take(&mut list, "s"), [":srv 730 me :alice!~al@x.cloak"]);
        assert!(take(&mut list, "C").is_empty());
        assert_eq!(take(&mut list, "L"), [":srv 733 me :end of MONITOR"]);
        assert_eq!(take(&mut list, "+"), [":srv 461 me MONITOR :parameters are missing"]);
    }

    #[test]
    fn a_list_has_100_nicks_at_most_and_its_lines_fit() {
        let mut list = Monitored::default();
        let names: Vec<_> = (0..101).map(|n| format!("name{n:011}")).collect();
        for names in names.chunks(20) {
            take(&mut list, &format!("+ {}", names.join(",")));
        }
        assert_eq!(list.iter().count(), MAX_MONITORED);
        assert_eq!(take(&mut list, "+ x"), [":srv 734 me 100 x :the list is full"]);
        let lines = take(&mut list, "L");
        assert!(lines.len() > 4 && lines.iter().all(|line| line.len() <= 510));
        assert!(take(&mut list, &format!("+ {}", "y".repeat(33))).is_empty());
    }
}

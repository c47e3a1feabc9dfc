//! `Wishes`: what the user set on a connection, to be set on the next one, too.

use std::collections::BTreeMap;

use crate::heard::Notice;
use crate::notices::PING;

/// The settings of a connection that are off at first.
const SETTINGS: [&str; 2] = ["time", "quiet"];
/// Most people remembered; the server ignores no more.
const MAX_IGNORED: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Wishes {
    settings: BTreeMap<String, bool>,
    ignored: Vec<Ignored>,
}

#[derive(Debug)]
struct Ignored {
    nick: String,
    /// Whether the server was told on this connection.
    is_told: bool,
}

impl Wishes {
    pub(crate) fn learn(&mut self, notice: &Notice<'_>) {
        match *notice {
            Notice::Set { setting, on } if SETTINGS.contains(&setting) => self.set(setting, on),
            Notice::Ignoring { nick } => self.ignore(nick),
            Notice::NotIgnoring { nick } => self.ignored.retain(|ignored| ignored.nick != nick),
            Notice::NowCalled { from, to } => {
                if let Some(ignored) = self.ignored.iter_mut().find(|one| one.nick == from) {
                    to.clone_into(&mut ignored.nick);
                }
            }
            _ => {}
        }
    }

    /// The user wants a setting to be on or off.
    pub(crate) fn set(&mut self, setting: &str, on: bool) {
        self.settings.insert(setting.to_owned(), on);
    }

    fn ignore(&mut self, nick: &str) {
        match self.ignored.iter_mut().find(|ignored| ignored.nick == nick) {
            Some(ignored) => ignored.is_told = true,
            None => self.ignored.push(Ignored { nick: nick.to_owned(), is_told: true }),
        }
        if self.ignored.len() > MAX_IGNORED {
            self.ignored.remove(0);
        }
    }

    /// The lines to send on a new connection, with a ping that ends their answers.
    pub(crate) fn begin(&mut self) -> Vec<String> {
        self.ignored.iter_mut().for_each(|ignored| ignored.is_told = false);
        let settings = self.settings.iter().filter(|(_, on)| **on);
        let mut lines: Vec<_> = settings.map(|(setting, _)| format!("/{setting} on")).collect();
        lines.extend(self.ignored.iter().map(|ignored| format!("/ignore {}", ignored.nick)));
        if !lines.is_empty() {
            lines.push(PING.to_owned());
        }
        lines
    }

    /// Somebody came or spoke; returns what to send if the user ignores them.
    pub(crate) fn met(&mut self, nick: &str) -> Option<String> {
        let ignored = self.ignored.iter_mut().find(|one| one.nick == nick && !one.is_told)?;
        ignored.is_told = true;
        Some(format!("/ignore {nick}"))
    }

    /// Whether a line answers what `begin` sent.
    pub(crate) fn is_answer(line: &str) -> bool {
        matches!(Notice::of(line), Some(Notice::Set { .. } | Notice::Ignoring { .. }))
            || line.starts_with("!! no one here is called ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(lines: &[&str]) -> Wishes {
        let mut wishes = Wishes::default();
        lines.iter().for_each(|line| wishes.learn(&Notice::of(line).unwrap()));
        wishes
    }

    #[test]
    fn what_was_set_is_set_again() {
        assert_eq!(wishes(&["-- time is on", "-- time is off"]).begin(), [""; 0]);
        let mut wishes = wishes(&[
            "-- time is on",
            "-- you are ignoring bob",
            "-- you are ignoring eve",
            "-- you are ignoring eve",
            "-- eve is now ivy",
            "-- you no longer ignore bob",
        ]);
        assert_eq!(wishes.begin(), ["/time on", "/ignore ivy", "/ping"]);
    }

    #[test]
    fn whoever_comes_later_is_ignored_then() {
        let mut wishes = wishes(&["-- you are ignoring bob"]);
        assert_eq!(wishes.met("bob"), None);
        wishes.begin();
        assert_eq!(wishes.met("bob").as_deref(), Some("/ignore bob"));
        assert_eq!((wishes.met("bob"), wishes.met("eve")), (None, None));
    }
}

//! `Listener`: which lines name the user, and which of them ring the terminal's bell.

use chatd::text::mentions;

use crate::heard::{Form, Notice, Speech, Time};

/// What a line is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Nothing special.
    None,
    /// It names the user.
    Mention,
    /// It names the user, has just been said, and the bell is on.
    Ring,
}

/// Follows who the user is, and what is replayed.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    nick: String,
    /// Whether `/bell` is on.
    pub(crate) bell: bool,
    /// Whether the server puts the time before lines that are said now, too.
    is_time_on: bool,
    /// Whether a replay may follow or go on.
    is_replay_due: bool,
}

impl Listener {
    /// The nick that the server gave or confirmed last.
    pub(crate) fn nick(&self) -> &str {
        &self.nick
    }

    pub(crate) fn learn(&mut self, notice: &Notice<'_>) {
        match *notice {
            Notice::Welcome { nick, .. } => {
                nick.clone_into(&mut self.nick);
                (self.is_replay_due, self.is_time_on) = (true, false);
            }
            Notice::Renamed { nick } => nick.clone_into(&mut self.nick),
            Notice::Moved { .. } => self.is_replay_due = true,
            Notice::EndOfHistory | Notice::Pong => self.is_replay_due = false,
            Notice::Set { setting: "time", on } => self.is_time_on = on,
            _ => {}
        }
    }

    /// What a line is that a person said.
    pub(crate) fn hear(&self, speech: &Speech<'_>) -> Call {
        let is_anothers = !speech.nick.eq_ignore_ascii_case(&self.nick) && speech.form != Form::To;
        let names_user = speech.form == Form::From || mentions(speech.text, &self.nick);
        match is_anothers && names_user && !self.nick.is_empty() {
            true if self.bell && !self.is_replayed(speech) => Call::Ring,
            true => Call::Mention,
            false => Call::None,
        }
    }

    /// A line that is said now has a time only if the user asked for it, and never a date.
    pub(crate) fn is_replayed(&self, speech: &Speech<'_>) -> bool {
        match speech.time {
            None => false,
            Some(Time::Clock) => self.is_replay_due || !self.is_time_on,
            Some(Time::Dated) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(lines: &[&str]) -> Listener {
        let mut listener = Listener { bell: true, ..Listener::default() };
        let welcome = "-- Welcome to chatd on box7. You are alice, in lobby with bob (2 here).";
        for line in [&[welcome], lines].concat() {
            listener.learn(&Notice::of(line).unwrap());
        }
        listener
    }

    fn call(listener: &Listener, line: &str) -> Call {
        listener.hear(&Speech::of(line).unwrap())
    }

    #[test]
    fn a_line_of_another_that_names_the_user_rings() {
        let listener = listener(&[]);
        for line in ["<bob> hi ALICE!", "* bob asks alice", "-bob- alice", "[from bob] psst"] {
            assert_eq!(call(&listener, line), Call::Ring, "{line}");
        }
        for line in ["<bob> alices", "<Alice> alice", "[to bob] alice", "* alice is alice"] {
            assert_eq!(call(&listener, line), Call::None, "{line}");
        }
        assert_eq!(call(&Listener { bell: false, ..listener }, "<bob> alice"), Call::Mention);
    }

    #[test]
    fn replayed_lines_do_not_ring() {
        let (clock, dated) = ("[14:02] <bob> alice", "[2026-11-22 14:02] <bob> alice");
        assert_eq!(call(&listener(&["-- pong"]), clock), Call::Mention);
        let on = "-- time is on";
        assert_eq!(call(&listener(&["-- pong", on]), clock), Call::Ring);
        assert_eq!(call(&listener(&["-- pong", on]), dated), Call::Mention);
        let moved = "-- You are in dev with bob (2 here).";
        assert_eq!(call(&listener(&[on, moved]), clock), Call::Mention);
        assert_eq!(call(&listener(&[on, moved, "-- end of history"]), clock), Call::Ring);
        let found = "[2026-11-22 14:02] dev <bob> alice";
        assert_eq!(call(&listener(&["-- pong", on]), found), Call::Mention);
    }

    #[test]
    fn it_is_the_name_that_the_user_has_now() {
        let listener = listener(&["-- you are now carol"]);
        assert_eq!(call(&listener, "<bob> carol"), Call::Ring);
        assert_eq!(call(&listener, "<bob> alice"), Call::None);
        assert_eq!(call(&Listener::default(), "<bob> hi"), Call::None);
    }
}

//! From a connection to the place where the user wants to be.

use std::time::Duration;

use chatd::edit::password;
use chatd::text::Text;

use super::action::{Action, show};
use super::backoff::Backoff;
use super::leaving::give_back;
use super::listener::Call;
use super::login::Answer;
use super::outbox::Asker;
use super::replay::Replay;
use super::rooms::Shown;
use super::seen;
use super::seen::Missed;
use super::state::{Stage, Talk};
use crate::heard::{Notice, Speech};
use crate::notices::FIRST_LINE;

/// How long the server may take to let the user in.
const ENTERING: Duration = Duration::from_secs(40);
/// The same in the last attempt before the client gives up.
const LAST_CHANCE: Duration = Duration::from_secs(5);

impl Talk {
    pub(super) fn enter(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let until = self.entering_until(now);
        self.stage = Stage::Entering { is_refused: false, until, leave_by: None };
        self.is_named = false;
        self.replay = self.was_open.then(Replay::default);
        self.refusal = None;
        self.rooms.begin();
        actions.push(Action::Send(FIRST_LINE.to_owned()));
        self.log_in(now, actions);
    }

    /// Logs in if the user was logged in, or else asks for nick and room.
    pub(super) fn log_in(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let longer = self.entering_until(now);
        if let Stage::Entering { until, .. } = &mut self.stage {
            *until = longer;
        }
        match self.login.begin() {
            Some(login) => actions.push(Action::Send(login)),
            None => self.ask_for_place(now, actions),
        }
    }

    fn entering_until(&self, now: Duration) -> Duration {
        let usual = now + ENTERING;
        self.give_up_at().map_or(usual, |at| usual.min(at.max(now + LAST_CHANCE)))
    }

    /// Asks for the nick and the room. Refusals up to the pong are the answer.
    fn ask_for_place(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.outbox.ping(now, Asker::Entrance);
        actions.extend(
            self.identity
                .entrance(self.is_named, &self.rooms.names())
                .into_iter()
                .map(Action::Send),
        );
    }

    /// Continues after the answer to the client's own `/login`.
    pub(super) fn follow_login(
        &mut self,
        now: Duration,
        answer: Option<Answer>,
        actions: &mut Vec<Action>,
    ) {
        let nick = self.login.nick().unwrap_or_default();
        let notice = match answer {
            None => return,
            Some(Answer::LoggedIn) => return self.ask_for_place(now, actions),
            Some(Answer::NotYet) => format!("-- not logged in as {nick} yet; chat will try again"),
            Some(Answer::Refused) => {
                format!("-- not logged in as {nick}; type /login to try again")
            }
        };
        actions.push(Action::Show(notice));
        if answer == Some(Answer::Refused) {
            self.ask_for_place(now, actions);
        }
    }

    /// Takes the wanted nick when it becomes free: the server may have held it for a while for the
    /// user's own lost connection.
    pub(super) fn reclaim_nick(&mut self, notice: &Notice<'_>, actions: &mut Vec<Action>) {
        let Some(wanted) = self.identity.nick() else { return };
        match *notice {
            Notice::Renamed { nick } if nick == wanted => self.is_named = true,
            Notice::Left { nick } if nick == wanted && !self.is_named => {
                if matches!(self.stage, Stage::Open { .. }) {
                    actions.push(Action::Send(format!("/nick {wanted}")));
                }
            }
            _ => {}
        }
    }

    pub(super) fn open(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Stage::Entering { is_refused, leave_by, .. } = self.stage else { return };
        self.stage = Stage::Open { leave_by };
        self.was_open = true;
        self.backoff = Backoff::new();
        self.lost_at = None;
        if self.rooms.settle() {
            self.show_room(actions);
            actions.extend(self.refusal.take().map(Action::Show));
        }
        if let Some(room) = self.rooms.address() {
            self.identity.go(room);
            self.outbox.address(room);
        }
        self.catch_up(actions);
        let wishes = self.wishes.begin();
        if !wishes.is_empty() {
            self.is_hushed = true;
            self.outbox.ping(now, Asker::Wishes);
            actions.extend(wishes.into_iter().map(Action::Send));
        }
        if is_refused {
            self.identity.settle();
            // Lines must not appear under another name, or in another room, than wanted.
            let refused = self.outbox.take_kept(|line| password(line.as_str()).is_none());
            actions.extend(refused.iter().map(|(_, line)| show("!! not sent", line)));
            give_back(refused, actions);
            self.forget_join();
        }
        self.go_on(now, actions);
    }

    /// Sends what waits, and leaves if the user wants to and nothing waits any more.
    pub(super) fn go_on(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.send_kept(now, actions);
        if matches!(self.stage, Stage::Open { leave_by: Some(_) }) && !self.outbox.has_kept() {
            let farewell = self.farewell.take();
            self.say_goodbye(now, farewell.as_deref(), actions);
        }
    }

    /// After a reconnect, shows what was said meanwhile in the room on the screen, and keeps what was
    /// said in the others.
    fn catch_up(&mut self, actions: &mut Vec<Action>) {
        let Some(replay) = self.replay.take() else { return };
        let (elsewhere, here): (Vec<_>, Vec<_>) =
            replay.into_lines().partition(|(room, _)| self.rooms.is_elsewhere(room.as_deref()));
        let room = self.identity.place().unwrap_or_default().to_owned();
        let here: Vec<_> = here.iter().map(|(_, line)| line).collect();
        let (missed, is_more) = self.missed(&room, &here);
        actions.push(Action::Show(match (missed.len(), is_more) {
            (0, _) => "-- you missed nothing".to_owned(),
            (missed, true) => {
                format!("-- you missed {missed} lines or more; /history shows them")
            }
            (1, false) => "-- you missed 1 line".to_owned(),
            (missed, false) => format!("-- you missed {missed} lines"),
        }));
        for (line, is_marked) in missed {
            self.rooms.keep(None, (line.clone(), is_marked), true);
            actions.push(if is_marked { Action::Mark(line) } else { Action::Show(line) });
        }
        for name in self.rooms.names() {
            let there = elsewhere.iter().filter(|(room, _)| room.as_ref() == Some(&name));
            let there: Vec<_> = there.map(|(_, line)| line).collect();
            for line in self.missed(&name, &there).0 {
                self.rooms.keep(Some(&name), line, true);
            }
        }
    }

    /// The lines of a room's replay that the user has not seen, and whether more may be missing.
    fn missed(&mut self, room: &str, replay: &[&Text]) -> (Vec<Shown>, bool) {
        let said: Vec<_> = replay.iter().filter_map(|line| Speech::of(line.as_str())).collect();
        let Missed { from, is_more } = self.seen.missed(room, &said);
        let missed = replay.iter().zip(&said).skip(from).map(|(line, said)| {
            self.seen.add(room, &seen::key(said.form, said.nick, said.text));
            (line.to_string(), self.listener.hear(said) != Call::None)
        });
        (missed.collect(), is_more)
    }

    /// A line that came while the client was entering again; returns whether it is kept until the
    /// client is in, or left out because the user has seen it.
    pub(super) fn put_off(
        &mut self,
        room: Option<&str>,
        line: &Text,
        notice: Option<&Notice<'_>>,
    ) -> bool {
        let Some(replay) = &mut self.replay else { return false };
        match notice {
            Some(Notice::Welcome { .. } | Notice::EndOfHistory) => return true,
            // Only the room that will be on the screen is worth a notice.
            Some(Notice::Moved { .. }) if room.is_some() => return !self.rooms.is_wanted(room),
            Some(Notice::Moved { .. }) => {
                // What was replayed before is of another room.
                *replay = Replay::default();
                return false;
            }
            Some(Notice::Renamed { .. } | Notice::LoggedIn { .. }) => return false,
            _ => {}
        }
        match Speech::of(line.as_str()) {
            Some(said) if said.form.is_for_room() => {
                replay.push(room, line);
            }
            None if line.as_str().starts_with("-- ") => {
                return !self.seen.add_notice(line.as_str());
            }
            _ => return false,
        }
        true
    }
}

//! The logic of a client at a terminal: events in, actions out.
//!
//! Knows no sockets, no terminal and no clock. No typed line is lost silently: a line that cannot
//! be sent is kept, and a sent line counts as received only when the pong to a later ping arrives.

mod backoff;
mod login;

use std::collections::VecDeque;
use std::time::Duration;

use chatd::edit::password;
use chatd::text::Text;

use self::backoff::Backoff;
use self::login::{Answer, Login};
use crate::notices;
use crate::notices::{FIRST_LINE, Identity, PING, PONG, QUIT};

/// How long to wait before confirming lines, so that one ping confirms many.
const CONFIRMING: Duration = Duration::from_secs(1);
/// How long the server may take to say goodbye.
const LEAVING: Duration = Duration::from_secs(3);
/// Most lines kept while there is no connection.
const MAX_KEPT: usize = 1000;

#[derive(Debug)]
pub(crate) enum Event {
    /// A line was typed.
    Typed(Text),
    /// The user leaves, with or without a `/quit` to the server.
    Leave { politely: bool },
    /// A connection is established.
    Connected,
    /// The server sent a line.
    Heard(Text),
    /// The connection failed or ended, for this reason; without one, the server ended it.
    Lost(Option<String>),
    /// The port is not chatd's, or the wrong one of chatd's; the text says what to do.
    WrongPort(String),
    /// The deadline has passed.
    Due,
}

/// Something for the caller to do. Actions are done in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Show(String),
    Send(String),
    /// Send nothing more, and tell the server.
    Finish,
    Dial,
    End,
    /// End with this error.
    GiveUp(String),
}

/// The state of the client.
#[derive(Debug)]
pub(crate) struct Talk {
    stage: Stage,
    identity: Identity,
    login: Login,
    /// Whether a chatd ever answered.
    was_open: bool,
    /// Whether the user has the nick that the user wants.
    is_named: bool,
    backoff: Backoff,
    /// Lines typed but not sent yet.
    kept: VecDeque<Text>,
    /// Lines sent but perhaps not received.
    unconfirmed: VecDeque<Text>,
    /// When to send the ping that confirms them.
    confirm_at: Option<Duration>,
    /// The senders of pings that have no pong yet.
    pings: VecDeque<Asker>,
    /// The `/quit` to send on leaving.
    farewell: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Away {
        dial_at: Duration,
    },
    Dialing,
    Entering {
        is_refused: bool,
    },
    /// Like `Entering`; leaves when the kept lines are sent.
    EnteringToLeave {
        is_refused: bool,
        until: Duration,
    },
    Open,
    Leaving {
        until: Duration,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Entrance,
    /// Confirms this many lines.
    Confirmation(usize),
    User,
}

impl Talk {
    /// A talk that waits for its first connection.
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            stage: Stage::Dialing,
            identity,
            login: Login::default(),
            was_open: false,
            is_named: false,
            backoff: Backoff::new(),
            kept: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            confirm_at: None,
            pings: VecDeque::new(),
            farewell: None,
        }
    }

    /// When to send [`Event::Due`].
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Away { dial_at } => Some(dial_at),
            Stage::Leaving { until } | Stage::EnteringToLeave { until, .. } => Some(until),
            Stage::Open => self.confirm_at,
            Stage::Entering { .. } => self.login.deadline(),
            Stage::Dialing | Stage::Over => None,
        }
    }

    /// Whether the server received every typed line.
    pub(crate) fn is_all_delivered(&self) -> bool {
        self.kept.is_empty() && self.unconfirmed.is_empty()
    }

    /// Handles `event`, and returns what to do. `now` never goes back.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Typed(line) => self.type_line(now, line, &mut actions),
            Event::Leave { politely } => self.leave(now, politely.then_some(QUIT), &mut actions),
            Event::Connected => self.enter(&mut actions),
            Event::Heard(line) => self.receive(now, &line, &mut actions),
            Event::Lost(reason) => self.lose(now, reason, &mut actions),
            Event::WrongPort(why) if self.was_open => self.lose(now, Some(why), &mut actions),
            Event::WrongPort(why) => self.stop(Action::GiveUp(why), &mut actions),
            Event::Due => self.be_due(now, &mut actions),
        }
        actions
    }

    fn type_line(&mut self, now: Duration, line: Text, actions: &mut Vec<Action>) {
        match self.stage {
            Stage::EnteringToLeave { .. } | Stage::Leaving { .. } | Stage::Over => {
                actions.push(show("!! not sent", &line));
            }
            _ if notices::is_quit(&line) => self.leave(now, Some(line.as_str()), actions),
            Stage::Open => self.send(now, line, actions),
            _ if self.kept.len() == MAX_KEPT => actions.push(show("!! not sent; discarded", &line)),
            _ => {
                self.kept.push_back(line);
                if !matches!(self.stage, Stage::Entering { .. }) {
                    actions.push(Action::Show("-- not sent yet: no connection".to_owned()));
                }
            }
        }
    }

    fn send(&mut self, now: Duration, line: Text, actions: &mut Vec<Action>) {
        if notices::is_ping(&line) {
            // Without blanks, which could make the line too long.
            actions.push(Action::Send(PING.to_owned()));
            self.pings.push_back(Asker::User);
        } else {
            self.login.say(&line);
            actions.push(Action::Send(line.to_string()));
            self.unconfirmed.push_back(line);
            if !self.is_confirming() {
                self.confirm_at.get_or_insert(now + CONFIRMING);
            }
        }
    }

    fn is_confirming(&self) -> bool {
        self.pings.iter().any(|asker| matches!(asker, Asker::Confirmation(_)))
    }

    fn leave(&mut self, now: Duration, word: Option<&str>, actions: &mut Vec<Action>) {
        let until = now + LEAVING;
        match self.stage {
            Stage::EnteringToLeave { .. } | Stage::Leaving { .. } if word.is_none() => {
                self.end(actions);
            }
            Stage::EnteringToLeave { .. } | Stage::Leaving { .. } | Stage::Over => {}
            Stage::Entering { is_refused } if !self.kept.is_empty() => {
                self.farewell = word.map(str::to_owned);
                self.stage = Stage::EnteringToLeave { is_refused, until };
            }
            Stage::Open | Stage::Entering { .. } => {
                self.stage = Stage::Leaving { until };
                actions.extend(word.map(|word| Action::Send(word.to_owned())));
                actions.push(Action::Finish);
            }
            Stage::Away { .. } | Stage::Dialing => self.end(actions),
        }
    }

    fn end(&mut self, actions: &mut Vec<Action>) {
        self.stop(Action::End, actions);
    }

    fn stop(&mut self, last: Action, actions: &mut Vec<Action>) {
        self.stage = Stage::Over;
        actions.extend(self.kept.iter().map(|line| show("!! not sent", line)));
        actions.extend(self.unconfirmed.iter().map(|line| show("!! perhaps not sent", line)));
        actions.push(last);
    }

    fn enter(&mut self, actions: &mut Vec<Action>) {
        self.stage = Stage::Entering { is_refused: false };
        self.is_named = false;
        actions.push(Action::Send(FIRST_LINE.to_owned()));
        match self.login.begin() {
            Some(login) => actions.push(Action::Send(login)),
            None => self.ask_for_place(actions),
        }
    }

    /// Asks for the nick and the room. Refusals up to the pong are the answer.
    fn ask_for_place(&mut self, actions: &mut Vec<Action>) {
        self.pings = VecDeque::from([Asker::Entrance]);
        actions.extend(self.identity.entrance(self.is_named).into_iter().map(Action::Send));
    }

    fn receive(&mut self, now: Duration, line: &Text, actions: &mut Vec<Action>) {
        if line.as_str() == PONG {
            match self.pings.pop_front() {
                Some(Asker::Entrance) => return self.open(now, actions),
                Some(Asker::Confirmation(lines)) => return self.confirm(now, lines),
                Some(Asker::User) | None => {}
            }
        }
        if matches!(self.stage, Stage::Leaving { .. }) && notices::is_goodbye(line.as_str()) {
            // This answers the /quit, so all earlier lines arrived. Its advice is for netcat users.
            self.unconfirmed.clear();
            return actions.push(Action::Show("-- Bye.".to_owned()));
        }
        actions.push(Action::Show(line.to_string()));
        let login = self.login.receive(now, line.as_str());
        if let Stage::Entering { is_refused } | Stage::EnteringToLeave { is_refused, .. } =
            &mut self.stage
        {
            *is_refused |= notices::is_refusal(line.as_str()) && login != Some(Answer::NotYet);
        }
        self.identity.learn(line.as_str());
        self.reclaim_nick(line.as_str(), actions);
        self.follow_login(login, actions);
    }

    /// Continues after the answer to the client's own `/login`.
    fn follow_login(&mut self, answer: Option<Answer>, actions: &mut Vec<Action>) {
        let nick = self.login.nick().unwrap_or_default();
        let notice = match answer {
            None => return,
            Some(Answer::LoggedIn) => return self.ask_for_place(actions),
            Some(Answer::NotYet) => format!("-- not logged in as {nick} yet; chat will try again"),
            Some(Answer::Refused) => {
                format!("-- not logged in as {nick}; type /login to try again")
            }
        };
        actions.push(Action::Show(notice));
        if answer == Some(Answer::Refused) {
            self.ask_for_place(actions);
        }
    }

    /// Takes the wanted nick when it becomes free: the server may have held it for a while for the
    /// user's own lost connection.
    fn reclaim_nick(&mut self, line: &str, actions: &mut Vec<Action>) {
        let Some(nick) = &self.identity.nick else { return };
        let notice = line.strip_prefix("-- ").unwrap_or_default();
        if notice.strip_prefix("you are now ") == Some(nick) {
            self.is_named = true;
        } else if let Some(rest) = notice.strip_prefix(nick.as_str())
            && rest.starts_with(" left: ")
            && self.stage == Stage::Open
            && !self.is_named
        {
            actions.push(Action::Send(format!("/nick {nick}")));
        }
    }

    fn open(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let (is_refused, is_leaving) = match self.stage {
            Stage::Entering { is_refused } => (is_refused, false),
            Stage::EnteringToLeave { is_refused, .. } => (is_refused, true),
            _ => return,
        };
        self.stage = Stage::Open;
        self.was_open = true;
        self.backoff = Backoff::new();
        for line in std::mem::take(&mut self.kept) {
            match is_refused && password(line.as_str()).is_none() {
                // Lines must not appear under another name, or in another room, than wanted.
                true => actions.push(show("!! not sent", &line)),
                false => self.send(now, line, actions),
            }
        }
        if is_leaving {
            let farewell = self.farewell.take();
            self.leave(now, farewell.as_deref(), actions);
        }
    }

    fn confirm(&mut self, now: Duration, lines: usize) {
        self.unconfirmed.drain(..lines.min(self.unconfirmed.len()));
        if !self.unconfirmed.is_empty() {
            self.confirm_at = Some(now + CONFIRMING);
        }
    }

    fn lose(&mut self, now: Duration, reason: Option<String>, actions: &mut Vec<Action>) {
        self.pings.clear();
        self.confirm_at = None;
        if matches!(self.stage, Stage::Leaving { .. } | Stage::EnteringToLeave { .. }) {
            if reason.is_none() {
                // A server that ends the connection has read everything that was sent.
                self.unconfirmed.clear();
            }
            return self.end(actions);
        }
        let lost = std::mem::take(&mut self.unconfirmed);
        actions.extend(lost.iter().map(|line| show("!! perhaps not sent", line)));
        let what = if self.stage == Stage::Dialing { "no connection" } else { "connection lost" };
        let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        let pause = self.backoff.pause();
        let seconds = pause.as_secs_f64();
        actions.push(Action::Show(format!("-- {what}{why}; trying again in {seconds:.1} s")));
        self.stage = Stage::Away { dial_at: now + pause };
    }

    fn be_due(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.stage {
            Stage::Away { .. } => {
                self.stage = Stage::Dialing;
                actions.push(Action::Dial);
            }
            Stage::Open => {
                self.confirm_at = None;
                self.pings.push_back(Asker::Confirmation(self.unconfirmed.len()));
                actions.push(Action::Send(PING.to_owned()));
            }
            Stage::Entering { .. } => actions.extend(self.login.begin().map(Action::Send)),
            Stage::Leaving { .. } | Stage::EnteringToLeave { .. } => self.end(actions),
            Stage::Dialing | Stage::Over => {}
        }
    }
}

fn show(what: &str, line: &Text) -> Action {
    Action::Show(format!("{what}: {}", notices::without_password(line)))
}

#[cfg(test)]
mod tests;

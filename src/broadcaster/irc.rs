//! What an IRC client sends: answered by its wire, or turned into events.

use std::time::Duration;

use super::behind::Chore;
use super::dispatch::Dispatcher;
use super::identity::is_login;
use crate::chat::{
    self, Action, ClientId, Effect, Event, Message, Nick, Now, Reason, Refusal, RoomName, conceal,
};
use crate::intake::Input;
use crate::telemetry::Refused;
use crate::text::{Line, Text};
use crate::wire::Farewell;
use crate::wire::irc::numeric::ERR_NOPRIVILEGES;
use crate::wire::irc::{
    COMMANDS, Cap, Conversation, Credentials, Login, Offer, PASSWORDS, Replies, Request, Step,
    Task, User, View, Way, people, with_label,
};

/// How long a client may take to register.
const REGISTRATION: Duration = Duration::from_secs(30);

impl Dispatcher {
    /// Handles a line of an IRC client.
    pub(super) fn apply_irc(&mut self, now: Now, id: ClientId, line: &str) {
        let offer = self.offer();
        let had_echo = self.has_cap(id, Cap::EchoMessage);
        let mut left = None;
        self.answer_irc(now, id, |irc, out| left = irc.take(line, offer, out));
        self.peers.with(id, |peer, feeds| peer.adopt_caps(feeds));
        let echo = self.has_cap(id, Cap::EchoMessage);
        if echo != had_echo {
            self.apply(now, id, Event::Do(Action::Echo(echo), None));
        }
        if let Some((step, label)) = left {
            self.step(now, id, step, label.map(Text::new));
        }
    }

    fn has_cap(&mut self, id: ClientId, cap: Cap) -> bool {
        self.peers.irc(id).is_some_and(|irc| irc.caps().has(cap))
    }

    fn step(&mut self, now: Now, id: ClientId, step: Step, label: Option<Text>) {
        match step {
            Step::Foreign => self.refuse(now, id, "HTTP", Refused::Http),
            Step::Quit => {
                if label.is_some() {
                    self.label(now, id, label);
                }
                self.apply(now, id, Event::Quit);
            }
            Step::Introduce { nick, user: User { name, real }, pass } => {
                let login = pass.map(|pass| Task::Authenticate(Login::of_pass(&nick, &pass)));
                let (nick, user) = (Text::new(nick), Text::new(format!("~{name}")));
                let introduce = Task::Act(Action::Introduce { nick, user, real }, label);
                self.run_tasks(now, id, login.into_iter().chain([introduce]).collect());
            }
            Step::Authenticate(Credentials { account, password }) => {
                let login = Login::new(Way::Sasl, &account, password);
                let tasks = with_label(vec![Task::Authenticate(login)], label);
                self.run_tasks(now, id, tasks);
            }
            Step::Pass(request) => self.pass(now, id, request, label),
        }
    }

    fn pass(&mut self, now: Now, id: ClientId, request: Request, label: Option<Text>) {
        let source = self.log.source(id);
        let tasks = source.zip(self.peers.irc(id));
        let tasks = tasks.map(|(source, irc)| irc.tasks(request, label, &source));
        self.run_tasks(now, id, tasks.unwrap_or_default());
    }

    /// Does what a client asked for in one line; defers what is behind something that waits.
    pub(super) fn run_tasks(&mut self, now: Now, id: ClientId, tasks: Vec<Task>) {
        let mut tasks = tasks.into_iter();
        while !self.pending.has(id)
            && let Some(task) = tasks.next()
        {
            self.run_task(now, id, task);
            if self.pending.is_for_answer(id) {
                self.peers.with(id, |peer, feeds| peer.pause_label(feeds));
            }
            self.end_unanswered(now);
        }
        if tasks.len() > 0 {
            let rest = self.pending.defer(Input::Tasks(id, tasks.collect()));
            debug_assert!(rest.is_none(), "the client waits");
        }
    }

    fn run_task(&mut self, now: Now, id: ClientId, task: Task) {
        match task {
            // A wrong password has ended the conversation: nothing behind it is done.
            _ if self.peers.irc(id).is_some_and(|irc| irc.is_over()) => {
                self.apply(now, id, Event::Gone(Reason::Disconnected));
                self.disconnect_behind(now, id, Farewell::Expelled);
            }
            Task::Act(Action::Command(room, line), label) => {
                self.run_command(now, id, room, line, label);
            }
            Task::Authenticate(login) => self.log_in(now, id, login),
            Task::Kill(nick, why) => self.kill(now, id, &nick, &why),
            Task::Act(action, label) => self.apply(now, id, Event::Do(action, label)),
            Task::Ask(request, label) if self.log.is_under_way(id) => {
                self.behind(now, id, Chore::Ask(Box::new(request), label));
                self.wait_for_log(now, id);
            }
            Task::Ask(request, label) => self.answer_request(now, id, &request, label),
            Task::Reply(lines) => self.behind(now, id, Chore::Reply(lines)),
            Task::OpenLabel(label) => self.label(now, id, Some(label)),
            Task::CloseLabel => self.label(now, id, None),
        }
    }

    /// Has a password checked.
    fn log_in(&mut self, now: Now, id: ClientId, login: Login) {
        self.resume_label(now, id);
        let copy = self.pending_auth.is_asking().then(|| login.clone());
        let Login { way, command, password } = login;
        let (event, password) = chat::claim(command, &String::from(password));
        if let Some(login) = copy.filter(|_| is_login(&event))
            && self.awaits_turn(now, id, || Input::Tasks(id, vec![Task::Authenticate(login)]))
        {
            return;
        }
        if let Some(password) = password {
            self.pending_auth.keep(id, password);
        }
        if let Some(irc) = self.peers.irc(id) {
            irc.begin_login(way);
        }
        if way == Way::Service {
            self.begin_service(now, id, PASSWORDS);
        }
        self.apply(now, id, event);
        if way == Way::Service {
            self.behind(now, id, Chore::EndAnswer);
        }
    }

    /// Has somebody disconnected at an operator's request.
    fn kill(&mut self, now: Now, id: ClientId, nick: &Text, why: &Text) {
        let is_operator = self.log.profile(id).is_some_and(|who| who.is_operator);
        let is_here = self.log.chat().somebody(nick.as_str()).is_some();
        if is_operator && is_here {
            let line = Line::new(format!("/kick {nick} {why}"));
            return self.apply(now, id, Event::Do(Action::Command(None, line), None));
        }
        self.answer_irc(now, id, |irc, out| {
            irc.reply(out, |replies| match is_operator {
                true => people::no_such_nick(replies, nick.as_str()),
                false => replies.numeric(ERR_NOPRIVILEGES, &[], Refusal::OperatorsOnly),
            });
        });
    }

    /// Runs a command of the text wire. The line of one that takes a password is never published,
    /// even if the password is not taken.
    fn run_command(
        &mut self,
        now: Now,
        id: ClientId,
        room: Option<RoomName>,
        line: Line,
        label: Option<Text>,
    ) {
        let (event, _) = conceal(line.clone());
        if is_login(&event) {
            let task = || Task::Act(Action::Command(room, line.clone()), label.clone());
            if self.awaits_turn(now, id, || Input::Tasks(id, vec![task()])) {
                return;
            }
        }
        self.begin_service(now, id, COMMANDS);
        if !matches!(event, Event::Line(_)) || self.is_ban_without_place(&line) {
            if label.is_some() {
                self.label(now, id, label);
            }
            self.apply_line(now, id, room, line);
        } else {
            self.apply(now, id, Event::Do(Action::Command(room, line), label));
        }
        self.behind(now, id, Chore::EndAnswer);
    }

    /// Goes on with the answer to a client's last request, which has waited.
    pub(super) fn resume_label(&mut self, now: Now, id: ClientId) {
        let label = self.peers.irc(id).and_then(|irc| irc.paused_label()).map(Text::new);
        if label.is_some() {
            self.label(now, id, label);
        }
    }

    /// What the client is told next has this label; without one, the answer to its request ends.
    pub(super) fn label(&mut self, now: Now, id: ClientId, label: Option<Text>) {
        self.effects.push(Effect::Label(id, label));
        self.carry_out(now);
    }

    /// What the client is told next is said by a service.
    fn begin_service(&mut self, now: Now, id: ClientId, name: &'static str) {
        self.effects.push(Effect::Service(id, name));
        self.carry_out(now);
    }

    /// What IRC clients can have here.
    fn offer(&self) -> Offer {
        let has_accounts = self.archive.is_there();
        let has_history = has_accounts || self.log.chat().settings().replay > 0;
        Offer { has_accounts, has_history }
    }

    /// Answers a question of a client.
    pub(super) fn answer_request(
        &mut self,
        now: Now,
        id: ClientId,
        request: &Request,
        label: Option<Text>,
    ) {
        if request.command == "CHATHISTORY" {
            return self.answer_history(now, id, request, label);
        }
        let Some(caps) = self.peers.irc(id).map(|irc| irc.caps()) else { return };
        let offer = self.offer();
        let view = self.log.irc_view(now, id, caps, offer, &mut self.most_people);
        let Some(irc) = self.peers.irc(id) else { return };
        let mut lines = Vec::new();
        if request.command == "MONITOR" {
            irc.monitor(request, |nick| view.source_of(nick), &mut lines);
        } else {
            irc.reply(&mut lines, |replies| view.answer(request, replies));
        }
        let lines = match label {
            Some(label) => irc.framed(label.as_str(), lines),
            None => lines,
        };
        self.send_reply(now, id, lines);
        self.note_watcher(id);
    }

    /// Shows a client something of the chat, as its conversation tells it.
    pub(super) fn show_irc(
        &mut self,
        now: Now,
        id: ClientId,
        show: impl FnOnce(&View<'_>, &mut Replies<'_>),
    ) {
        let Some(caps) = self.peers.irc(id).map(|irc| irc.caps()) else { return };
        let offer = self.offer();
        let view = self.log.irc_view(now, id, caps, offer, &mut self.most_people);
        self.peers.with(id, |peer, feeds| {
            peer.converse(feeds, |irc, out| irc.reply(out, |replies| show(&view, replies)));
        });
    }

    /// Tells the clients that watch for somebody that they came, or are gone.
    pub(super) fn tell_seen(&mut self, nick: Nick, is_here: bool) {
        let (chat, nick) = (self.log.chat(), nick.as_str());
        let source = chat.somebody(nick).and_then(|id| chat.source(id));
        let source = source.filter(|_| is_here).map(|source| source.full());
        let peers = &mut self.peers;
        self.watchers.retain(|id| peers.irc(*id).is_some());
        for id in &self.watchers {
            if peers.irc(*id).is_some_and(|irc| irc.watches(nick)) {
                peers.with(*id, |peer, feeds| {
                    peer.converse(feeds, |irc, out| irc.tell_seen(nick, source.as_deref(), out));
                });
            }
        }
    }

    /// Tells what somebody did, as those who share a room with them are told, to clients that only
    /// watch for them.
    pub(super) fn tell_followers(&mut self, message: &Message, except: &[ClientId]) {
        let Message::Relay(relay) = message else { return };
        if !relay.deed.is_followed() {
            return;
        }
        let (nick, peers) = (relay.by.nick, &mut self.peers);
        for id in self.watchers.iter().filter(|id| !except.contains(id)) {
            if peers.irc(*id).is_some_and(|irc| irc.follows(nick.as_str())) {
                peers.with(*id, |peer, feeds| peer.tell(message, feeds));
            }
        }
    }

    /// Notes whether a client watches for anybody.
    pub(super) fn note_watcher(&mut self, id: ClientId) {
        match self.peers.irc(id).is_some_and(|irc| irc.is_watching()) {
            true => self.watchers.insert(id),
            false => self.watchers.remove(&id),
        };
    }

    /// Answers a line that is not UTF-8.
    pub(super) fn refuse_bytes(&mut self, now: Now, id: ClientId) {
        self.answer_irc(now, id, |irc, out| irc.refuse_bytes(out));
    }

    /// Answers a line that is too long.
    pub(super) fn refuse_length(&mut self, now: Now, id: ClientId, bytes: usize, limit: usize) {
        self.answer_irc(now, id, |irc, out| irc.refuse_length(bytes, limit, out));
    }

    /// Sends a client what its wire answers, behind all that it was told before.
    fn answer_irc(
        &mut self,
        now: Now,
        id: ClientId,
        write: impl FnOnce(&mut Conversation, &mut Vec<u8>),
    ) {
        let mut lines = Vec::new();
        if let Some(irc) = self.peers.irc(id) {
            write(irc, &mut lines);
        }
        if !lines.is_empty() {
            self.behind(now, id, Chore::Reply(lines));
        }
    }

    /// Sends such an answer, unless it has to wait for the disk.
    pub(super) fn send_reply(&mut self, now: Now, id: ClientId, lines: Vec<u8>) {
        self.effects.push(Effect::Reply(id, lines));
        self.carry_out(now);
    }

    /// Watches that a client registers in time, if it speaks IRC.
    pub(super) fn await_registration(&mut self, now: Now, id: ClientId) {
        if self.peers.irc(id).is_some_and(|irc| !irc.is_registered()) {
            self.registering.push_back((now.uptime + REGISTRATION, id));
        }
    }

    /// Disconnects the clients that have not registered in time.
    pub(super) fn end_registrations(&mut self, now: Now) {
        while let Some(&(due, id)) = self.registering.front()
            && due <= now.uptime
        {
            self.registering.pop_front();
            if self.peers.irc(id).is_some_and(|irc| !irc.is_registered()) {
                self.time_out(now, id);
            }
        }
    }

    /// Asks a client that has been silent whether it is there, or disconnects it if it was asked.
    pub(super) fn handle_silence(&mut self, now: Now, id: ClientId, was_asked: bool) {
        if was_asked {
            self.time_out(now, id);
        } else {
            self.peers.with(id, |peer, feeds| {
                peer.converse(feeds, |irc, out| irc.ping(out));
            });
        }
    }

    fn time_out(&mut self, now: Now, id: ClientId) {
        self.apply(now, id, Event::Gone(Reason::TimedOut));
        self.disconnect_behind(now, id, Farewell::TimedOut);
    }

    /// Tells a client of another protocol that this port speaks IRC.
    pub(super) fn refuse_on_irc(&mut self, id: ClientId, reason: Refused) {
        self.peers.with(id, |peer, feeds| {
            peer.converse(feeds, |irc, out| match reason {
                Refused::Tls => irc.end_silently(),
                _ => irc.end_with("this port speaks IRC", out),
            });
        });
    }
}

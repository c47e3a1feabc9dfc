//! The requests of a client that is in the chat: what each asks the chat for.

use super::formatting::strip;
use super::line::{Line, MAX_BODY};
use super::login::Login;
use super::modes::{UserChange, user_changes};
use super::numeric::*;
use super::replies::Replies;
use super::request::Request;
use super::room_modes::{self, ModeRequest};
use super::session::need_more;
use super::target::{room, split};
use crate::chat::{Action, Flag, Refusal, RoomName, RoomRefusal, Source};
use crate::text::Text;

/// The longest reason for being away, in bytes (`AWAYLEN`).
const MAX_AWAY: usize = 200;
/// The longest reason of a kick, in bytes (`KICKLEN`), and the most kicks of one request.
const MAX_KICK: usize = 255;
const MAX_KICKS: usize = 4;
/// One thing to do for a request. What comes next waits until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Have the chat do it; the answer has this label.
    Act(Action, Option<Text>),
    /// Answer a question about the chat, likewise.
    Ask(Request, Option<Text>),
    /// Have a password checked.
    Authenticate(Login),
    /// Have somebody disconnected, if the client is an operator: whom, and why.
    Kill(Text, Text),
    /// Send these lines.
    Reply(Vec<u8>),
    /// From here on, everything answers the request with this label.
    OpenLabel(Text),
    /// That answer is complete.
    CloseLabel,
}

/// These tasks, whose answer has this label.
pub fn with_label(mut list: Vec<Task>, label: Option<Text>) -> Vec<Task> {
    let Some(label) = label else { return list };
    if let [Task::Act(_, own) | Task::Ask(_, own)] = &mut list[..] {
        *own = Some(label);
    } else {
        list.insert(0, Task::OpenLabel(label));
        list.push(Task::CloseLabel);
    }
    list
}

/// The tasks of one request, in order.
#[derive(Debug)]
pub(super) struct Tasks<'a> {
    /// The server's name, and the client's nick.
    pub(super) names: (&'a str, &'a str),
    /// Who the client is.
    pub(super) source: &'a Source,
    pub(super) list: Vec<Task>,
}

impl Tasks<'_> {
    pub(super) fn act(&mut self, action: Action) {
        self.list.push(Task::Act(action, None));
    }

    pub(super) fn reply(&mut self, write: impl FnOnce(&mut Replies<'_>)) {
        let mut out = Vec::new();
        write(&mut Replies { server: self.names.0, nick: self.names.1, out: &mut out });
        self.list.push(Task::Reply(out));
    }

    pub(super) fn numeric(&mut self, numeric: u16, params: &[&str], words: &str) {
        self.reply(|replies| replies.numeric(numeric, params, words));
    }

    /// Adds what a request asks for.
    pub(super) fn add(&mut self, request: Request) {
        match &*request.command {
            "JOIN" => self.join(&request),
            "PART" => self.part(&request),
            "PRIVMSG" => self.say(request, false),
            "TAGMSG" => self.tag(request),
            "NOTICE" => self.say(request, true),
            "TOPIC" => self.topic(request),
            "NICK" => match request.param(0) {
                Some(nick) => self.act(Action::Nick(Text::new(nick))),
                None => self.numeric(ERR_NONICKNAMEGIVEN, &[], "no nick was given"),
            },
            "AWAY" => self.act(Action::Away(request.param(0).map(|why| words(why, MAX_AWAY)))),
            "SETNAME" => match request.param(0) {
                Some(real) => self.act(Action::SetReal(super::registration::real_name(real))),
                None => self.need_more(&request),
            },
            "KICK" => self.kick(&request),
            "INVITE" => self.invite(request),
            "MODE" if request.param(0).and_then(room).is_some() && request.params.len() > 1 => {
                self.room_modes(&request);
            }
            "OPER" => match Login::of_oper(&request) {
                Some(login) => self.list.push(Task::Authenticate(login)),
                None => self.need_more(&request),
            },
            "REGISTER" => self.register(&request),
            "VERIFY" => self.verify(&request),
            "KILL" => match (request.param(0), request.param(1)) {
                (Some(nick), Some(why)) => {
                    self.list.push(Task::Kill(Text::new(nick), Text::new(strip(why))));
                }
                _ => self.need_more(&request),
            },
            "WALLOPS" => self.wallops(&request),
            "MARKREAD" => self.mark_read(&request),
            "NS" | "NICKSERV" => self.ask_service(&request.params.join(" ")),
            "MODE" if request.param(0).is_some_and(|nick| self.is_me(nick)) => {
                self.user_modes(request);
            }
            "QUIT" => self.quit(&request),
            _ => self.list.push(Task::Ask(request, None)),
        }
    }

    fn need_more(&mut self, request: &Request) {
        self.reply(|replies| need_more(request, replies));
    }

    /// Refuses what no room can be called.
    pub(super) fn no_such_room(&mut self, name: &str) {
        let words = match name.strip_prefix('#') {
            Some(_) => Refusal::NotARoom.to_string(),
            None => "the name of a channel begins with #".to_owned(),
        };
        self.numeric(ERR_NOSUCHCHANNEL, &[name], &words);
    }

    fn join(&mut self, request: &Request) {
        let Some(list) = request.param(0) else { return self.need_more(request) };
        if list == "0" {
            return self.act(Action::PartAll);
        }
        let mut keys = request.param(1).unwrap_or_default().split(',');
        for name in split(list) {
            let key = keys.next().filter(|key| !key.is_empty()).map(Text::new);
            match room(name) {
                Some(room) => self.act(Action::Join(room, key)),
                None => self.no_such_room(name),
            }
        }
    }

    fn part(&mut self, request: &Request) {
        let Some(list) = request.param(0) else { return self.need_more(request) };
        for name in split(list) {
            let words = last_words(request.param(1));
            match room(name) {
                Some(room) if self.relays("PART", Some(name), words.as_ref()) => {
                    self.act(Action::Part(room, words));
                }
                Some(_) => {}
                None => self.no_such_room(name),
            }
        }
    }

    fn wallops(&mut self, request: &Request) {
        let Some(text) = request.param(0) else { return self.need_more(request) };
        let text = Text::new(strip(text));
        if self.relays("WALLOPS", None, Some(&text)) {
            self.act(Action::Wallops(text));
        }
    }

    fn quit(&mut self, request: &Request) {
        let words = last_words(request.param(0));
        if self.relays("QUIT", None, words.as_ref()) {
            self.act(Action::Quit(words));
        }
    }

    /// Whether words fit into the line that others get; refuses them otherwise.
    fn relays(&mut self, command: &str, target: Option<&str>, words: Option<&Text>) -> bool {
        let line = target.into_iter().fold(Line::new(self.source.full(), command), Line::param);
        let bytes = words.map_or(0, |words| line.last(words).body_len());
        if bytes > MAX_BODY {
            let end = "\r\n".len();
            let refusal = Refusal::TooLong { bytes: bytes + end, limit: MAX_BODY + end };
            self.numeric(ERR_INPUTTOOLONG, &[], &refusal.to_string());
        }
        bytes <= MAX_BODY
    }

    fn topic(&mut self, request: Request) {
        let Some(name) = request.param(0) else { return self.need_more(&request) };
        match (room(name), request.params.get(1)) {
            (None, _) => self.no_such_room(name),
            (Some(_), None) => self.list.push(Task::Ask(request, None)),
            (Some(room), Some(topic)) => {
                let topic = words(topic, super::relay::MAX_TOPIC);
                self.act(Action::Topic(room, Some(topic).filter(|topic| !topic.is_blank())));
            }
        }
    }

    fn kick(&mut self, request: &Request) {
        let (Some(names), Some(nicks)) = (request.param(0), request.param(1)) else {
            return self.need_more(request);
        };
        let why = request.param(2).map(|why| words(why, MAX_KICK)).filter(|why| !why.is_blank());
        let names: Vec<_> = split(names).collect();
        for (number, nick) in split(nicks).take(MAX_KICKS).enumerate() {
            let name = names.get(number).or(names.last()).copied().unwrap_or_default();
            match room(name) {
                Some(room) if room == RoomName::lobby() => {
                    let words = RoomRefusal::NotInLobby.to_string();
                    self.numeric(ERR_CHANOPRIVSNEEDED, &[name], &words);
                }
                Some(room) => self.act(Action::Kick(room, Text::new(nick), why.clone())),
                None => self.no_such_room(name),
            }
        }
    }

    fn invite(&mut self, request: Request) {
        match (request.param(0), request.param(1)) {
            (None, _) => self.list.push(Task::Ask(request, None)),
            (Some(_), None) => self.need_more(&request),
            (Some(nick), Some(name)) => match room(name) {
                Some(room) => self.act(Action::Invite(Text::new(nick), room)),
                None => self.no_such_room(name),
            },
        }
    }

    /// Changes of a channel's modes, and questions about its lists.
    fn room_modes(&mut self, request: &Request) {
        let name = request.param(0).unwrap_or_default();
        let Some(room) = room(name) else { return };
        let mut changes = Vec::new();
        let place = self.list.len();
        for one in room_modes::requests(&request.params[1..]) {
            match one {
                ModeRequest::Change(change) => changes.push(change),
                ModeRequest::List(letter) => {
                    let params = vec![name.to_owned(), letter.to_string()];
                    let request = Request { params, ..request.clone() };
                    self.list.push(Task::Ask(request, None));
                }
                ModeRequest::NoParam(letter) => {
                    let letter = letter.to_string();
                    self.numeric(
                        ERR_INVALIDMODEPARAM,
                        &[name, &letter, "*"],
                        "it needs a parameter",
                    );
                }
                ModeRequest::BadParam(letter, param) => {
                    // A key that was not taken is shown to nobody.
                    let param = if letter == 'k' { "*".to_owned() } else { shown_param(&param) };
                    let letter = letter.to_string();
                    let words = "the mode does not take this parameter";
                    self.numeric(ERR_INVALIDMODEPARAM, &[name, &letter, &param], words);
                }
                ModeRequest::Unknown(letter) => {
                    self.numeric(ERR_UNKNOWNMODE, &[&letter.to_string()], "there is no such mode");
                }
            }
        }
        let act = match changes.pop() {
            None => return,
            Some(only) if changes.is_empty() => Action::Change(room, only),
            Some(last) => {
                changes.push(last);
                Action::ChangeAll(room, changes)
            }
        };
        self.list.insert(place, Task::Act(act, None));
    }

    fn is_me(&self, nick: &str) -> bool {
        nick.eq_ignore_ascii_case(self.names.1)
    }

    /// The client's own modes.
    fn user_modes(&mut self, request: Request) {
        let Some(letters) = request.param(1) else {
            return self.list.push(Task::Ask(request, None));
        };
        for change in user_changes(letters) {
            match change {
                UserChange::Change { on, letter: 'i' } => {
                    self.act(Action::Flag(Flag::Invisible, on))
                }
                UserChange::Change { on, letter: 'w' } => self.act(Action::Flag(Flag::Wallops, on)),
                UserChange::Change { on, letter: 'B' } => self.act(Action::Flag(Flag::Bot, on)),
                UserChange::Change { on: false, .. } => self.act(Action::GiveUpRights),
                UserChange::Change { .. } => {}
                UserChange::Unknown(_) => {
                    self.numeric(ERR_UMODEUNKNOWNFLAG, &[], "there is no such mode");
                }
            }
        }
    }
}

/// A parameter as a reply can repeat it.
fn shown_param(param: &str) -> String {
    if param.is_empty() { "*".to_owned() } else { param.to_owned() }
}

/// Last words, which are not there if they show nothing.
fn last_words(words: Option<&str>) -> Option<Text> {
    words.map(|words| Text::new(strip(words))).filter(|words| !words.is_blank())
}

/// A text of at most so many bytes, cut at a character or a blank.
fn words(text: &str, most: usize) -> Text {
    let text = Text::new(strip(text));
    Text::new(super::line::pieces(text.as_str(), most).next().unwrap_or_default())
}

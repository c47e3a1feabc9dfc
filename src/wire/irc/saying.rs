//! PRIVMSG, NOTICE and TAGMSG: what a client says to whom; MARKREAD: what it has read.

use super::commands::Tasks;
use super::formatting::{Ctcp, strip};
use super::isupport::MAX_TARGETS;
use super::line::MAX_BODY;
use super::login::takes_passwords;
use super::markers;
use super::numeric::*;
use super::relay::{Form, Sender, client_tags, fits, length};
use super::request::Request;
use super::service::{is_service, runs_commands};
use super::session::need_more;
use super::target::{Target, split};
use crate::chat::{Action, Manner, Recipient, Refusal, Signal, Tags};
use crate::text::Text;

/// What is said in one request.
enum Said<'a> {
    /// A text.
    Words(Manner, &'a str),
    /// What programs tell each other.
    Signal(Signal),
}

impl<'a> Said<'a> {
    /// `None` for what is dropped.
    fn parse(text: &'a str, is_notice: bool) -> Option<Self> {
        let plain = if is_notice { Manner::Notice } else { Manner::Line };
        match Ctcp::parse(text) {
            None => Some(Self::Words(plain, text)),
            Some(Ctcp::Action(text)) if !is_notice => Some(Self::Words(Manner::Emote, text)),
            Some(Ctcp::Dcc) => None,
            Some(_) => {
                let text = Text::new(text.trim_matches('\x01'));
                Some(Self::Signal(Signal::Ctcp { is_notice, text }))
            }
        }
    }
}

impl Tasks<'_> {
    /// PRIVMSG or NOTICE.
    pub(super) fn say(&mut self, request: Request, is_notice: bool) {
        let (targets, words) = (request.param(0), request.param(1));
        let (Some(targets), Some(words)) = (targets, words) else {
            return self.lacks_words(&request, is_notice);
        };
        let tags = Tags::from(client_tags(request.tags.clone()));
        for (number, target) in split(targets).enumerate() {
            match Said::parse(words, is_notice) {
                Some(_) if number >= MAX_TARGETS => {
                    self.too_many(target, is_notice);
                    return;
                }
                Some(Said::Words(manner, words)) => self.say_to(target, manner, words, &tags),
                Some(Said::Signal(signal)) => self.signal(target, signal, &tags),
                None => self.refuse_dcc(target, is_notice),
            }
        }
    }

    /// DCC would tell the address of one client to the other.
    fn refuse_dcc(&mut self, target: &str, is_notice: bool) {
        let numeric = match Target::parse(target) {
            Target::Nick(_) => ERR_CANTSENDTOUSER,
            _ => ERR_CANNOTSENDTOCHAN,
        };
        if !is_notice {
            self.numeric(numeric, &[target], "DCC does not pass here; not sent");
        }
    }

    /// TAGMSG.
    pub(super) fn tag(&mut self, request: Request) {
        let Some(targets) = request.param(0).map(str::to_owned) else {
            return self.reply(|replies| need_more(&request, replies));
        };
        let tags = Tags::from(client_tags(request.tags));
        for (number, target) in split(&targets).enumerate() {
            if number >= MAX_TARGETS {
                return self.too_many(target, false);
            }
            self.signal(target, Signal::Tags, &tags);
        }
    }

    fn too_many(&mut self, target: &str, is_notice: bool) {
        if !is_notice {
            self.numeric(ERR_TOOMANYTARGETS, &[target], "too many targets; not sent");
        }
    }

    /// Nothing answers a notice, not even one that nobody can get.
    fn lacks_words(&mut self, request: &Request, is_notice: bool) {
        match request.param(0) {
            None if is_notice => {}
            None => self.numeric(ERR_NORECIPIENT, &[], "no recipient was given (PRIVMSG)"),
            Some(_) => self.lacks_text(is_notice),
        }
    }

    fn lacks_text(&mut self, is_notice: bool) {
        if !is_notice {
            self.numeric(ERR_NOTEXTTOSEND, &[], "no text was given");
        }
    }

    fn say_to(&mut self, target: &str, manner: Manner, said: &str, tags: &Tags) {
        let is_notice = manner == Manner::Notice;
        let text = Text::new(strip(said));
        if text.is_blank() {
            return self.lacks_text(is_notice);
        }
        let named = Target::parse(target);
        match &named {
            Target::Nick(nick) if is_service(nick) && is_notice => return,
            Target::Nick(nick) if runs_commands(nick) => {
                return self.command(text.as_str());
            }
            Target::Nick(nick) if takes_passwords(nick) => return self.ask_service(said),
            _ => {}
        }
        let Some(to) = self.recipient(named, target, is_notice) else { return };
        match self.excess(target, manner, text.as_str()) {
            Some(_) if is_notice => {}
            Some(refusal) => self.numeric(ERR_INPUTTOOLONG, &[], &refusal.to_string()),
            None => self.act(Action::Say { to, manner, text, tags: tags.clone() }),
        }
    }

    fn signal(&mut self, target: &str, signal: Signal, tags: &Tags) {
        let is_notice = matches!(signal, Signal::Ctcp { is_notice: true, .. });
        if let Signal::Ctcp { text, .. } = &signal {
            let framed = format!("\x01{text}\x01");
            match self.excess(target, Manner::Notice, &framed) {
                Some(_) if is_notice => return,
                Some(refusal) => {
                    return self.numeric(ERR_INPUTTOOLONG, &[], &refusal.to_string());
                }
                None => {}
            }
        }
        let named = Target::parse(target);
        if matches!(&named, Target::Nick(nick) if is_service(nick)) {
            return;
        }
        if let Some(to) = self.recipient(named, target, is_notice) {
            self.act(Action::Signal(to, signal, tags.clone()));
        }
    }

    /// To whom a client says something; refuses what no room can be called.
    fn recipient(&mut self, named: Target, target: &str, is_notice: bool) -> Option<Recipient> {
        let recipient = named.recipient();
        if recipient.is_none() && !is_notice {
            self.no_such_room(target);
        }
        recipient
    }

    /// MARKREAD.
    pub(super) fn mark_read(&mut self, request: &Request) {
        let Some(target) = request.param(0) else { return self.reply(markers::need_more) };
        let at = request.param(1).map(|param| {
            let timestamp = param.strip_prefix("timestamp=").unwrap_or_default();
            markers::moment(timestamp).ok_or("timestamp=YYYY-MM-DDThh:mm:ss.sssZ is missing")
        });
        match (Target::parse(target).recipient(), at.transpose()) {
            (Some(place), Ok(at)) => self.act(Action::MarkRead(place, at)),
            (None, _) => self.reply(|replies| markers::refuse("it is no channel", replies)),
            (_, Err(why)) => self.reply(|replies| markers::refuse(why, replies)),
        }
    }

    /// Why a text is refused that would not fit a line with the client's source before it.
    fn excess(&self, target: &str, manner: Manner, text: &str) -> Option<Refusal> {
        let (sender, form) = (Sender::from(self.source), Form::from(manner));
        if fits(&sender, target, form, text) {
            return None;
        }
        let bytes = length(&sender, target, form, text);
        Some(Refusal::TooLong { bytes: bytes + "\r\n".len(), limit: MAX_BODY + "\r\n".len() })
    }
}

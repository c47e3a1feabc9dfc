//! `Session`: what the wire knows of a client besides what the chat knows; and the way of a client
//! into the chat.

use serde::{Deserialize, Serialize};

use super::caps::{Cap, Caps, Offer, parse_request};
use super::label::MAX_LABEL;
use super::numeric::*;
use super::registration::{Registration, User, is_foreign};
use super::replies::Replies;
use super::request::Request;
use super::sasl::{Credentials, Exchange, MECHANISM, Progress};

/// The longest value of PASS, in bytes.
const MAX_PASS: usize = 500;

/// One client, as its wire sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The capabilities that it asked for.
    pub caps: Caps,
    /// The version of CAP LS that it knows.
    #[serde(default)]
    version: u32,
    /// What it has sent to get into the chat; `None` once it is there.
    registration: Option<Registration>,
    /// SASL under way.
    #[serde(default)]
    exchange: Option<Exchange>,
    /// Whether SASL has logged it in.
    #[serde(default)]
    is_authenticated: bool,
}

/// What the caller has to do for a client, besides sending it the replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Have the chat take it in under this nick; the answer is
    /// [`enter`](Session::enter) or [`forget_nick`](Session::forget_nick). What the client sends
    /// next waits for that.
    Introduce {
        /// The nick that it asks for.
        nick: String,
        /// What it says about itself.
        user: User,
        /// What it sent with PASS: a password, or a name, a colon and a password.
        pass: Option<String>,
    },
    /// Check a password. What the client sends next waits for the answer, which is
    /// [`authenticated`](Session::authenticated).
    Authenticate(Credentials),
    /// It speaks another protocol: nothing else of it is run.
    Foreign,
    /// It ends the conversation.
    Quit,
    /// A request of a client that is in the chat.
    Pass(Request),
}

impl Session {
    /// A client that has just connected.
    pub fn new() -> Self {
        Self { registration: Some(Registration::default()), ..Self::default() }
    }

    /// Whether it is in the chat.
    pub fn is_registered(&self) -> bool {
        self.registration.is_none()
    }

    /// The label of a request, if the client may give one.
    pub fn label<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let label = request.tag("label")?;
        let is_label = !label.is_empty() && label.len() <= MAX_LABEL;
        (self.caps.has(Cap::LabeledResponse) && is_label).then_some(label)
    }

    /// Takes a request, answers it as far as the wire can, and returns what is left to do.
    /// `offer` says what the server has.
    pub fn take(
        &mut self,
        request: Request,
        offer: Offer,
        replies: &mut Replies<'_>,
    ) -> Option<Step> {
        match &*request.command {
            "" | "PONG" => return None,
            "CAP" => self.negotiate(&request, offer, replies),
            "AUTHENTICATE" => return self.authenticate(&request, offer, replies),
            "PING" => answer_ping(&request, replies),
            "QUIT" if !self.is_registered() => return Some(Step::Quit),
            _ => return self.take_in_stage(request, replies),
        }
        self.introduce(replies)
    }

    fn take_in_stage(&mut self, request: Request, replies: &mut Replies<'_>) -> Option<Step> {
        let Some(registration) = &mut self.registration else {
            if matches!(&*request.command, "USER" | "PASS") {
                replies.numeric(ERR_ALREADYREGISTERED, &[], "you are registered already");
                return None;
            }
            return Some(Step::Pass(request));
        };
        match &*request.command {
            "NICK" => match request.param(0) {
                Some(nick) => registration.nick = Some(nick.to_owned()),
                None => replies.numeric(ERR_NONICKNAMEGIVEN, &[], "no nick was given"),
            },
            "USER" => take_user(registration, &request, replies),
            "PASS" => match request.param(0).filter(|pass| pass.len() <= MAX_PASS) {
                Some(pass) => registration.pass = Some(pass.to_owned().into()),
                None => need_more(&request, replies),
            },
            "REGISTER" => {
                let (code, account) = ("COMPLETE_CONNECTION_REQUIRED", request.param(0));
                let params = ["REGISTER", code, account.unwrap_or("*")];
                replies.command("FAIL", &params, "register first, with NICK and USER");
                return None;
            }
            foreign if is_foreign(foreign) => return Some(Step::Foreign),
            _ => {
                replies.numeric(ERR_NOTREGISTERED, &[], "register first, with NICK and USER");
                return None;
            }
        }
        self.introduce(replies)
    }

    /// Asks for the chat to take the client in, once nothing is missing.
    fn introduce(&mut self, replies: &mut Replies<'_>) -> Option<Step> {
        let (nick, user) = self.registration.as_ref()?.complete()?;
        let (nick, user) = (nick.to_owned(), user.clone());
        let pass = self.registration.as_mut()?.pass.take().map(String::from);
        if self.exchange.take().is_some() {
            replies.numeric(ERR_SASLABORTED, &[], "SASL was aborted");
        }
        Some(Step::Introduce { nick, user, pass })
    }

    /// The chat has taken the client in.
    pub fn enter(&mut self) {
        self.registration = None;
    }

    /// The chat refuses the nick; the client has to choose another one.
    pub fn forget_nick(&mut self) {
        if let Some(registration) = &mut self.registration {
            registration.nick = None;
        }
    }

    fn negotiate(&mut self, request: &Request, offer: Offer, replies: &mut Replies<'_>) {
        let offered = Caps::offered(offer);
        let Some(command) = request.param(0) else { return need_more(request, replies) };
        let nick = replies.nick;
        match &*command.to_ascii_uppercase() {
            "LS" => {
                let version = request.param(1).and_then(|version| version.parse().ok());
                self.version = self.version.max(version.unwrap_or_default());
                self.caps = self.caps.after_list(self.version);
                self.hold(true);
                let list: Vec<_> = offered.listed(self.version).collect();
                replies.command("CAP", &[nick, "LS"], list.join(" "));
            }
            "LIST" => {
                let list: Vec<_> = self.caps.names().collect();
                replies.command("CAP", &[nick, "LIST"], list.join(" "));
            }
            "REQ" => {
                self.hold(true);
                let words = request.params.get(1).map_or("", String::as_str);
                let answer = match parse_request(offered, self.caps, words) {
                    // A client that knows version 302 has it for good.
                    Some(caps) if caps.after_list(self.version) == caps => {
                        self.caps = caps;
                        "ACK"
                    }
                    _ => "NAK",
                };
                replies.command("CAP", &[nick, answer], words);
            }
            "END" => self.hold(false),
            _ => replies.numeric(ERR_INVALIDCAPCMD, &[command], "there is no such CAP command"),
        }
    }

    /// Has the registration wait for CAP END, or no longer.
    fn hold(&mut self, on: bool) {
        if let Some(registration) = &mut self.registration {
            registration.is_negotiating = on;
        }
    }

    fn authenticate(
        &mut self,
        request: &Request,
        offer: Offer,
        replies: &mut Replies<'_>,
    ) -> Option<Step> {
        let Some(param) = request.param(0) else {
            need_more(request, replies);
            return None;
        };
        let Some(exchange) = self.exchange.take() else {
            self.begin_exchange(param, offer, replies);
            return None;
        };
        match exchange.take(param) {
            Progress::More(exchange) => self.exchange = Some(exchange),
            Progress::Aborted => replies.numeric(ERR_SASLABORTED, &[], "SASL was aborted"),
            Progress::TooLong => replies.numeric(ERR_SASLTOOLONG, &[], "the message is too long"),
            Progress::Invalid => replies.numeric(ERR_SASLFAIL, &[], "SASL failed"),
            Progress::Done(credentials) => return Some(Step::Authenticate(credentials)),
        }
        None
    }

    fn begin_exchange(&mut self, mechanism: &str, offer: Offer, replies: &mut Replies<'_>) {
        if !offer.has_accounts {
            replies.numeric(ERR_SASLFAIL, &[], "this server keeps no accounts");
        } else if self.is_authenticated {
            replies.numeric(ERR_SASLALREADY, &[], "you are logged in already");
        } else if mechanism.eq_ignore_ascii_case(MECHANISM) {
            self.exchange = Some(Exchange::default());
            super::line::Line::bare("AUTHENTICATE").param("+").end(replies.out);
        } else {
            replies.numeric(RPL_SASLMECHS, &[MECHANISM], "are the mechanisms of this server");
            replies.numeric(ERR_SASLFAIL, &[], "SASL failed");
        }
    }

    /// The answer to [`Step::Authenticate`]: the account, and the client's whole source; or why not.
    pub fn authenticated(&mut self, result: Result<(&str, &str), &str>, replies: &mut Replies<'_>) {
        self.is_authenticated = result.is_ok();
        match result {
            Ok((account, source)) => {
                let words = format_args!("you are now logged in as {account}");
                replies.numeric(RPL_LOGGEDIN, &[source, account], words);
                replies.numeric(RPL_SASLSUCCESS, &[], "SASL succeeded");
            }
            Err(why) => replies.numeric(ERR_SASLFAIL, &[], why),
        }
    }

    /// The client is logged out.
    pub fn logged_out(&mut self, source: &str, replies: &mut Replies<'_>) {
        self.is_authenticated = false;
        replies.numeric(RPL_LOGGEDOUT, &[source], "you are now logged out");
    }
}

fn take_user(registration: &mut Registration, request: &Request, replies: &mut Replies<'_>) {
    let (Some(name), Some(real)) = (request.param(0), request.param(3)) else {
        return need_more(request, replies);
    };
    match User::new(name, real) {
        Some(user) => registration.user = Some(user),
        None => replies.numeric(ERR_INVALIDUSERNAME, &[], "the user name has no plain character"),
    }
}

fn answer_ping(request: &Request, replies: &mut Replies<'_>) {
    match request.params.first() {
        Some(token) => {
            let server = replies.server;
            replies.command("PONG", &[server], token);
        }
        None => need_more(request, replies),
    }
}

/// The request lacks a parameter.
pub fn need_more(request: &Request, replies: &mut Replies<'_>) {
    replies.numeric(ERR_NEEDMOREPARAMS, &[&request.command], "parameters are missing");
}

#[cfg(test)]
mod tests;

//! What a client is told about its logins.

use super::conversation::Conversation;
use super::login::{Way, refuse_account};
use super::numeric::*;
use crate::chat::{Refusal, Source};

impl Conversation {
    /// A password of the client is about to be checked.
    pub fn begin_login(&mut self, way: Way) {
        self.login = Some(way);
    }

    /// The client is logged in.
    pub(super) fn logged_in(&mut self, source: &Source, out: &mut Vec<u8>) {
        let account = source.account.as_ref().map_or("*", |account| account.as_str());
        let way = self.login.take();
        // Before the registration the client has neither nick nor user.
        let full = if self.is_registered() { source.full() } else { "*!*@*".to_owned() };
        match way {
            Some(Way::Sasl) => self.with_session(out, |session, replies| {
                session.authenticated(Ok((account, &full)), replies);
            }),
            _ => self.reply(out, |replies| {
                if way == Some(Way::Register) {
                    replies.command("REGISTER", &["SUCCESS", account], "the account is yours");
                }
                let words = format_args!("you are now logged in as {account}");
                replies.numeric(RPL_LOGGEDIN, &[&full, account], words);
            }),
        }
    }

    /// The client has the rights of an operator.
    pub(super) fn got_rights(&mut self, out: &mut Vec<u8>) {
        self.login = None;
        self.reply(out, |replies| {
            let nick = replies.nick;
            replies.numeric(RPL_YOUREOPER, &[], "you are an operator now");
            replies.command("MODE", &[nick], "+o");
        });
    }

    /// Answers a refused password by the way on which it came; returns whether it did.
    pub(super) fn refuse_login(&mut self, why: &Refusal, out: &mut Vec<u8>) -> bool {
        let Some(way) = self.login.take() else { return false };
        match way {
            Way::Service => return false,
            Way::Sasl => {
                let words = why.to_string();
                self.with_session(out, |session, replies| {
                    session.authenticated(Err(&words), replies);
                });
            }
            Way::Oper => self.reply(out, |replies| match why {
                Refusal::NotRegistered(_) | Refusal::OperatorsOnly => {
                    replies.numeric(ERR_NOOPERHOST, &[], why);
                }
                _ => replies.numeric(ERR_PASSWDMISMATCH, &[], why),
            }),
            Way::Register => self.reply(out, |replies| {
                let nick = replies.nick;
                refuse_account(register_code(why), nick, &why.to_string(), replies);
            }),
            // Many clients send a password that no server asked for.
            Way::Pass if matches!(why, Refusal::NotRegistered(_) | Refusal::NoAccounts) => {}
            Way::Pass => {
                self.reply(out, |replies| replies.numeric(ERR_PASSWDMISMATCH, &[], why));
                self.end_with(&format!("!! {why}"), out);
            }
        }
        true
    }
}

fn register_code(why: &Refusal) -> &'static str {
    match why {
        Refusal::Registered(_) => "ACCOUNT_EXISTS",
        Refusal::Guest => "NEED_NICK",
        Refusal::NotAPassword | Refusal::GarbledPassword => "UNACCEPTABLE_PASSWORD",
        _ => "TEMPORARILY_UNAVAILABLE",
    }
}

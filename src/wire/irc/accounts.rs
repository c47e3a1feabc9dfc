//! REGISTER and VERIFY: a new account (IRCv3, account-registration).

use super::commands::{Task, Tasks};
use super::login::{Login, refuse_account};
use super::request::Request;
use super::session::need_more;

impl Tasks<'_> {
    /// REGISTER: an account has the nick of who registers it, and no address is asked for.
    pub(super) fn register(&mut self, request: &Request) {
        let (Some(account), Some(_), Some(password)) =
            (request.param(0), request.param(1), request.param(2))
        else {
            return self.reply(|replies| need_more(request, replies));
        };
        let refusal = if self.source.account.is_some() {
            Some(("ALREADY_AUTHENTICATED", "you are logged in already"))
        } else if account != "*" && account != self.names.1 {
            Some(("ACCOUNT_NAME_MUST_BE_NICK", "an account has the nick of who registers it"))
        } else {
            None
        };
        match refusal {
            Some((code, why)) => {
                self.reply(|replies| refuse_account(code, account, why, replies));
            }
            None => self.list.push(Task::Authenticate(Login::of_new(password))),
        }
    }

    /// VERIFY: no account waits for a code.
    pub(super) fn verify(&mut self, request: &Request) {
        let Some(account) = request.param(0) else {
            return self.reply(|replies| need_more(request, replies));
        };
        let why = "accounts need no code here";
        self.reply(|replies| {
            replies.command("FAIL", &["VERIFY", "INVALID_CODE", account], why);
        });
    }
}

//! `Login`: a password that the chat has to check.

use super::registration::Secret;
use super::replies::Replies;
use super::request::Request;
use crate::chat::AuthCommand;
use crate::text::Text;

/// The services that clients send passwords to by themselves.
const SERVICES: [&str; 2] = ["nickserv", "ns"];

/// A password to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// How it was sent.
    pub way: Way,
    /// What it is for.
    pub command: AuthCommand,
    /// The password, as sent.
    pub password: Secret,
}

/// How a client sends a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// AUTHENTICATE.
    Sasl,
    /// PASS, before the registration.
    Pass,
    /// A message to a service.
    Service,
    /// OPER.
    Oper,
    /// REGISTER.
    Register,
}

impl Login {
    /// A login to that account.
    pub fn new(way: Way, account: &str, password: impl Into<String>) -> Self {
        let command = AuthCommand::Login(Text::new(account));
        Self { way, command, password: Secret::from(password.into()) }
    }

    /// That of PASS: a password for `nick`, or a name, a colon and a password.
    pub fn of_pass(nick: &str, pass: &str) -> Self {
        match pass.split_once(':').filter(|(name, _)| crate::chat::Nick::new(name).is_some()) {
            Some((name, password)) => Self::new(Way::Pass, name, password),
            None => Self::new(Way::Pass, nick, pass),
        }
    }

    /// That of OPER; `None` if a parameter is missing.
    pub(super) fn of_oper(request: &Request) -> Option<Self> {
        let (name, password) = (request.param(0)?, request.param(1)?);
        let command = AuthCommand::Oper(Text::new(name));
        Some(Self { way: Way::Oper, command, password: Secret::from(password.to_owned()) })
    }

    /// That of REGISTER: a password for a new account.
    pub(super) fn of_new(password: &str) -> Self {
        let (way, command) = (Way::Register, AuthCommand::Register);
        Self { way, command, password: Secret::from(password.to_owned()) }
    }

    /// What a message to a service asks for, from a client that is called `nick`; `None` if that is
    /// something else.
    pub(super) fn of_message(nick: &str, words: &str) -> Option<Self> {
        let (command, rest) = words.trim().split_once(' ')?;
        let rest = rest.trim();
        match &*command.to_ascii_lowercase() {
            "identify" | "login" | "ghost" | "regain" | "recover" => {
                Some(match rest.split_once(' ') {
                    Some((name, password)) => Self::new(Way::Service, name, password.trim()),
                    None => Self::new(Way::Service, nick, rest),
                })
            }
            "register" => {
                let password = rest.split(' ').next().unwrap_or_default().to_owned();
                let command = AuthCommand::Register;
                Some(Self { way: Way::Service, command, password: Secret::from(password) })
            }
            _ => None,
        }
    }
}

/// Refuses a new account (IRCv3, account-registration).
pub(super) fn refuse_account(code: &str, account: &str, why: &str, replies: &mut Replies<'_>) {
    replies.command("FAIL", &["REGISTER", code, account], why);
}

/// Whether it is the name of a service that takes passwords, which is no client.
pub(super) fn takes_passwords(name: &str) -> bool {
    SERVICES.iter().any(|service| service.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_with_a_name_or_for_the_nick() {
        let login = |way, name, password: &str| Some(Login::new(way, name, password));
        assert_eq!(Some(Login::of_pass("ann", "s3cret")), login(Way::Pass, "ann", "s3cret"));
        assert_eq!(Some(Login::of_pass("a_", "ann:a:b")), login(Way::Pass, "ann", "a:b"));
        assert_eq!(Some(Login::of_pass("ann", "a b:c")), login(Way::Pass, "ann", "a b:c"));
        let message = |words| Login::of_message("ann", words);
        assert_eq!(message("IDENTIFY s3cret"), login(Way::Service, "ann", "s3cret"));
        assert_eq!(message("identify bob two words"), login(Way::Service, "bob", "two words"));
        assert_eq!((message("help"), message("identify"), message("drop x")), (None, None, None));
        assert!(!format!("{:?}", message("identify s3cret")).contains("s3cret"));
    }
}

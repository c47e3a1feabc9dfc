//! SASL PLAIN (IRCv3, SASL; RFC 4616).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::base64;

/// The only mechanism.
pub(super) const MECHANISM: &str = "PLAIN";
/// A parameter of so many characters goes on in the next one.
const CHUNK: usize = 400;
/// Characters in all parameters of one exchange. A name and a password are far shorter.
const MAX_LENGTH: usize = 8 * CHUNK;

/// The name and password that a client claims to have. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub account: String,
    /// The password, as sent.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("account", &self.account).finish_non_exhaustive()
    }
}

/// An exchange under way: what the client sent so far.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange(String);

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

/// What follows from a parameter of AUTHENTICATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More has to come.
    More(Exchange),
    /// The client gave up.
    Aborted,
    /// The parameter is longer than a chunk.
    TooLong,
    /// It is not what the mechanism asks for, or too much of it.
    Invalid,
    /// All is there.
    Done(Credentials),
}

impl Exchange {
    /// Takes the next parameter.
    pub fn take(mut self, param: &str) -> Progress {
        match param {
            "*" => return Progress::Aborted,
            "+" => {}
            _ if param.len() > CHUNK => return Progress::TooLong,
            _ if self.0.len() + param.len() > MAX_LENGTH => return Progress::Invalid,
            _ => self.0.push_str(param),
        }
        if param.len() == CHUNK {
            return Progress::More(self);
        }
        credentials(&self.0).map_or(Progress::Invalid, Progress::Done)
    }
}

/// `authzid NUL authcid NUL password`; the first may be empty, or has to be the second.
fn credentials(text: &str) -> Option<Credentials> {
    let decoded = base64::decode(text)?;
    let mut parts = decoded.splitn(3, |byte| *byte == 0);
    let (wanted, account, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_other = !wanted.is_empty() && wanted != account;
    if account.is_empty() || password.is_empty() || password.contains(&0) || is_other {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).ok();
    Some(Credentials { account: text(account)?, password: text(password)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(account: &str, password: &str) -> Progress {
        let (account, password) = (account.to_owned(), password.to_owned());
        Progress::Done(Credentials { account, password })
    }

    #[test]
    fn a_name_and_a_password_are_taken_from_one_parameter() {
        let take = |param: &str| Exchange::default().take(param);
        assert_eq!(take("AGphbmUAc2VzYW1l"), done("jane", "sesame"));
        assert_eq!(take("amFuZQBqYW5lAHNlc2FtZQ=="), done("jane", "sesame"));
        assert_eq!(take("*"), Progress::Aborted);
        // "jane\0joe\0sesame", "\0\0sesame", "\0jane\0", "jane", and no base64.
        for bad in ["amFuZQBqb2UAc2VzYW1l", "AABzZXNhbWU=", "AGphbmUA", "amFuZQ==", "?", "+"] {
            assert_eq!(take(bad), Progress::Invalid, "{bad}");
        }
    }

    #[test]
    fn a_long_one_comes_in_chunks() {
        let Progress::More(first) = Exchange::default().take(&"A".repeat(400)) else { panic!() };
        assert_eq!(first.clone().take("*"), Progress::Aborted);
        assert!(matches!(first.clone().take(&"A".repeat(400)), Progress::More(_)));
        assert_eq!(first.clone().take("+"), Progress::Invalid);
        // 300 bytes: NUL, the name, NUL, and x for the rest.
        let long = format!("AGph{}", "eHh4".repeat(99));
        let Progress::More(first) = Exchange::default().take(&long) else { panic!() };
        assert_eq!(first.take("AHh4"), done(&format!("ja{}", "x".repeat(297)), "xx"));
    }

    #[test]
    fn nobody_sends_without_end() {
        assert_eq!(Exchange::default().take(&"A".repeat(401)), Progress::TooLong);
        let mut exchange = Exchange::default();
        for _ in 0..8 {
            let Progress::More(more) = exchange.take(&"A".repeat(400)) else { panic!() };
            exchange = more;
        }
        assert_eq!(exchange.take("A"), Progress::Invalid);
    }
}

//! `Denied`: why a request is refused, in one line of text.

use std::borrow::Cow;
use std::time::Duration;

use crate::chat::Refusal;
use crate::net::{Fields, Response, Status};

/// How a refusal ends that may leave a doubt of that.
const NOTHING_SAID: &str = "; nothing was said";

/// The status of the answer, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    status: Status,
    words: Cow<'static, str>,
    /// The methods that the path has, if the request's is not one of them.
    allow: Option<&'static str>,
    /// After how many seconds the client may try again.
    retry_after: Option<u64>,
}

impl Denied {
    /// A refusal that trying again does not change.
    pub fn new(status: Status, words: impl Into<Cow<'static, str>>) -> Self {
        Self { status, words: words.into(), allow: None, retry_after: None }
    }

    /// A refusal for so long.
    pub fn later(status: Status, wait: Duration, words: impl Into<Cow<'static, str>>) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        let retry_after = Some(u64::try_from(seconds).unwrap_or(u64::MAX));
        Self { retry_after, ..Self::new(status, words) }
    }

    /// The path has no such method.
    pub(super) fn method(allow: &'static str) -> Self {
        let words = format!("this takes {allow} only");
        Self { allow: Some(allow), ..Self::new(Status::MethodNotAllowed, words) }
    }

    /// The same for a request that says nothing in any case.
    pub fn of_reading(self) -> Self {
        let words = self.words.strip_suffix(NOTHING_SAID).map(str::to_owned);
        Self { words: words.map_or(self.words, Cow::Owned), ..self }
    }

    /// The answer to the request with that head, or to any but HEAD.
    pub fn to_bytes(&self, head: &[u8]) -> Vec<u8> {
        let retry_after = self.retry_after.map(|seconds| seconds.to_string());
        let mut fields: Vec<(&'static str, &str)> = Vec::new();
        fields.extend(self.allow.map(|allow| ("Allow", allow)));
        fields.extend(retry_after.as_deref().map(|seconds| ("Retry-After", seconds)));
        if self.status == Status::Unauthorized {
            fields.push(("WWW-Authenticate", "Bearer"));
        }
        let body = format!("{}\n", self.words.trim_end()).into_bytes();
        Response { fields, body: body.into(), ..Response::plain(self.status) }.to_bytes(head)
    }
}

/// The value of the only field of that name.
///
/// # Errors
/// There are two, or its bytes are no text.
pub(super) fn only<'a>(fields: &'a Fields, name: &str) -> Result<Option<&'a str>, Denied> {
    fields.only(name).map_err(|status| {
        let words = format!("the field {name} is there twice, or not in UTF-8");
        Denied::new(status, words)
    })
}

impl From<Status> for Denied {
    fn from(status: Status) -> Self {
        Self::new(status, status.words())
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        let words = format!("{refusal}{NOTHING_SAID}");
        match &refusal {
            Refusal::Banned { .. } => Self::new(Status::Forbidden, refusal.to_string()),
            Refusal::NoSuchRoom(_) => Self::new(Status::NotFound, refusal.to_string()),
            Refusal::InRoom(refusal) => Self::new(Status::Forbidden, refusal.to_string()),
            Refusal::Muted(_) => Self::new(Status::Forbidden, words),
            Refusal::TokenElsewhere(_) => Self::new(Status::Forbidden, words),
            Refusal::OtherThanToken(_) => Self::new(Status::BadRequest, words),
            Refusal::LoginsFailed(wait) => {
                let wait = *wait;
                let seconds = Duration::from_secs(wait.as_secs().max(1));
                let words = format!(
                    "too many wrong tokens or failed logins; try again in {}",
                    humantime::format_duration(seconds)
                );
                Self::later(Status::TooManyRequests, wait, words)
            }
            Refusal::WrongToken | Refusal::RegisteredOverHttp(_) | Refusal::LockdownOverHttp => {
                Self::new(Status::Unauthorized, words)
            }
            Refusal::UnderWay => Self::new(Status::Conflict, refusal.to_string()),
            Refusal::Taken(_) => Self::new(Status::Conflict, words),
            Refusal::OneLine(_) => Self::new(Status::ContentTooLarge, words),
            Refusal::TooSoon(wait) => {
                let wait = *wait;
                Self::later(Status::TooManyRequests, wait, refusal.to_string())
            }
            Refusal::OlderNodes | Refusal::NotPassedOn => {
                Self::later(Status::ServiceUnavailable, Duration::from_secs(5), words)
            }
            _ => Self::new(Status::UnprocessableContent, words),
        }
    }
}

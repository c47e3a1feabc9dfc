//! `Rejection`: why a request does not get what it asks for, and short answers.

use super::fields::PAGE_FIELDS;
use super::forwarded::Untaken;
use super::guard::Barred;
use crate::net::{Response, Status};

/// Why a request does not get what it asks for.
pub(super) enum Rejection {
    Status(Status),
    Barred(Barred),
    NoHost,
    Misstated,
}

impl From<Untaken> for Rejection {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::Misstated => Self::Misstated,
            Untaken::Crowded => Self::Status(Status::ServiceUnavailable),
        }
    }
}

impl From<Status> for Rejection {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Barred> for Rejection {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::NoHost => Self::NoHost,
            barred => Self::Barred(barred),
        }
    }
}

/// The answer with the text of a status.
pub(super) fn refusal(status: Status) -> Response<'static> {
    let fields = match status {
        Status::MethodNotAllowed => vec![("Allow", "GET, HEAD")],
        Status::ServiceUnavailable => vec![("Retry-After", "5")],
        Status::UpgradeRequired => vec![("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
        _ => Vec::new(),
    };
    Response { fields: [fields, PAGE_FIELDS.to_vec()].concat(), ..Response::plain(status) }
}

/// The answer to a request that is wrong in this way.
pub(super) fn malformed(why: &str) -> Response<'static> {
    let body = format!("{why}\n").into_bytes().into();
    Response { body, ..refusal(Status::BadRequest) }
}

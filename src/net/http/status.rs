//! `Status`: the status of an answer.

/// The status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 9110")]
pub enum Status {
    SwitchingProtocols = 101,
    Ok = 200,
    SeeOther = 303,
    BadRequest = 400,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    NotAcceptable = 406,
    RequestTimeout = 408,
    Conflict = 409,
    ContentTooLarge = 413,
    UnsupportedMediaType = 415,
    ExpectationFailed = 417,
    UnprocessableContent = 422,
    UpgradeRequired = 426,
    TooManyRequests = 429,
    HeadTooLarge = 431,
    ServiceUnavailable = 503,
}

impl Status {
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::SwitchingProtocols => "Switching Protocols",
            Self::Ok => "OK",
            Self::SeeOther => "See Other",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::NotAcceptable => "Not Acceptable",
            Self::RequestTimeout => "Request Timeout",
            Self::Conflict => "Conflict",
            Self::ContentTooLarge => "Content Too Large",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::ExpectationFailed => "Expectation Failed",
            Self::UnprocessableContent => "Unprocessable Content",
            Self::UpgradeRequired => "Upgrade Required",
            Self::TooManyRequests => "Too Many Requests",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }

    /// The text for a person: an explanation, or the phrase.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::HeadTooLarge => {
                "The request is too large: more than 8 KiB, or more than 64 header fields.\n\
                 Most of it may be cookies that other services on this host have left in your browser.\n\
                 Delete the cookies of this host, then load the page again.\n"
            }
            Self::BadRequest => "this is no valid request of HTTP/1.1\n",
            Self::NotFound => "there is no such page\n",
            Self::MethodNotAllowed => "this takes GET and HEAD\n",
            Self::RequestTimeout => "the request did not come in time\n",
            Self::UpgradeRequired => "this is for WebSocket, version 13\n",
            Self::ServiceUnavailable => "the server is busy; try again in a few seconds\n",
            _ => self.phrase(),
        }
    }
}

//! Who speaks: the name in the query, in a header field or in the body.

use super::denied::{Denied, only};
use super::target::Target;
use crate::chat::{Author, TokenHash};
use crate::net::{Fields, Status};
use crate::text::Text;
use crate::web::token::{PREFIX, token_hash};
use crate::wire::irc::decode_base64;

/// The nick that the query or the field `Nick` names.
///
/// # Errors
/// They contradict each other.
pub(super) fn named(fields: &Fields, target: &Target) -> Result<Option<String>, Denied> {
    let field = only(fields, "nick")?;
    match (target.get("nick"), field) {
        (Some(one), Some(other)) if one != other => Err(contradiction()),
        (one, other) => Ok(one.or(other).map(str::to_owned)),
    }
}

/// The author of that name, or of that token, or the guest of the address.
pub(super) fn author_of(token: Option<&TokenHash>, nick: Option<&str>) -> Author {
    match token {
        Some(hash) => Author::Token(hash.clone(), nick.map(Text::new)),
        None => nick.map_or(Author::Guest, |nick| Author::Named(Text::new(nick))),
    }
}

/// The token that a request has: by itself, or as the password of Basic, whose user does not matter
/// (RFC 6750, RFC 7617).
///
/// # Errors
/// It has another credential. That is for another program, such as a proxy, and nobody's guess.
pub(super) fn token_of(fields: &Fields) -> Result<Option<TokenHash>, Denied> {
    let Some(value) = only(fields, "authorization")? else { return Ok(None) };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim();
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.to_owned()),
        "basic" => decode_base64(rest)
            .and_then(|decoded| String::from_utf8(decoded).ok())
            .and_then(|decoded| decoded.split_once(':').map(|(_, password)| password.to_owned())),
        _ => None,
    };
    match token.filter(|token| token.starts_with(PREFIX)) {
        Some(token) => Ok(Some(token_hash(&token))),
        None => Err(Denied::new(Status::Unauthorized, NO_TOKEN)),
    }
}

/// What is wrong with another credential.
const NO_TOKEN: &str = "the Authorization has no token of chatd, which begins with chatd_: send one, \
                        or leave the field out; nothing was said";

/// The request names two people.
pub(super) fn contradiction() -> Denied {
    Denied::new(Status::BadRequest, "the request has two nicks that differ; nothing was said")
}

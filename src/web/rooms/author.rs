//! Who speaks: the name in the query, in a header field or in the body.

use super::denied::Denied;
use super::target::Target;
use crate::chat::Author;
use crate::net::{Fields, Status};
use crate::text::Text;

/// The nick that the query or the field `Nick` names.
///
/// # Errors
/// They contradict each other.
pub(super) fn named(fields: &Fields, target: &Target) -> Result<Option<String>, Denied> {
    let field = fields.only("nick")?;
    match (target.get("nick"), field) {
        (Some(one), Some(other)) if one != other => Err(contradiction()),
        (one, other) => Ok(one.or(other).map(str::to_owned)),
    }
}

/// The author of that name, or the guest of the address.
pub(super) fn author_of(nick: Option<&str>) -> Author {
    nick.map_or(Author::Guest, |nick| Author::Named(Text::new(nick)))
}

/// The request names two people.
pub(super) fn contradiction() -> Denied {
    Denied::new(Status::BadRequest, "the request has two nicks that differ; nothing was said")
}

//! What is told to those who do not speak TLS to a port that does.

use super::fields::PAGE_FIELDS;
use super::guard::{host_of, is_host};
use crate::net::{Answer, Status};

/// Whether it can be the first byte of a request: that of a method, and none of TLS.
pub fn is_http(byte: u8) -> bool {
    byte.is_ascii_uppercase()
}

/// The answer to a request that has to come over TLS, for this authority if it named one.
pub(super) fn answer(host: Option<String>) -> Answer<'static> {
    let shown = host.filter(|authority| host_of(authority).is_some_and(is_host));
    let elsewhere = match shown {
        Some(authority) => format!(": https://{authority}/"),
        None => ".".to_owned(),
    };
    let body = format!("This port speaks TLS. Use https{elsewhere}\n").into_bytes().into();
    Answer { fields: PAGE_FIELDS.to_vec(), body, ..Answer::plain(Status::BadRequest) }
}

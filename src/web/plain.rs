//! The answer to an HTTP request without TLS on a TLS port.

use super::fields::PAGE_FIELDS;
use super::guard::{host_of, is_host};
use crate::net::{Response, Status};

/// Whether `byte` can start an HTTP request, as the first byte of a method. No byte that starts TLS
/// can.
pub fn is_http(byte: u8) -> bool {
    byte.is_ascii_uppercase()
}

/// The answer to a request without TLS, which names the https address of `host` if there is one.
pub(super) fn answer(host: Option<String>) -> Response<'static> {
    let shown = host.filter(|authority| host_of(authority).is_some_and(is_host));
    let elsewhere = match shown {
        Some(authority) => format!(": https://{authority}/"),
        None => ".".to_owned(),
    };
    let body = format!("This port speaks TLS. Use https{elsewhere}\n").into_bytes().into();
    Response { fields: PAGE_FIELDS.to_vec(), body, ..Response::plain(Status::BadRequest) }
}

//! TLS errors as one line that says what to do.

use std::io;

use chatd::text::Text;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, Error};

const NO_TLS: &str = "that port does not speak TLS; is it the TLS port?";
const UNTRUSTED: &str = "the server's certificate is not trusted; get it from the server's \
                               operator, and name its file with --tls-ca";
/// Most names of a certificate that are shown.
const MAX_NAMES: usize = 3;
/// Most characters of each.
const MAX_NAME: usize = 80;

/// Rewords an I/O error of the handshake.
pub(super) fn in_words(error: io::Error) -> io::Error {
    let kind = error.kind();
    let message = match kind {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            return io::Error::new(io::ErrorKind::TimedOut, NO_TLS);
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(NO_TLS.to_owned()),
        _ => error.get_ref().and_then(|inner| inner.downcast_ref()).map(of),
    };
    message.map_or(error, |message| io::Error::new(kind, message))
}

/// What a TLS error means to the user.
pub(super) fn of(error: &Error) -> String {
    match error {
        error if is_untrusted(error) => UNTRUSTED.to_owned(),
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => NO_TLS.to_owned(),
        Error::AlertReceived(alert) => {
            format!("the server closed the TLS session (alert {alert:?})")
        }
        Error::PeerIncompatible(_) => {
            "the server's TLS is too old; chat needs TLS 1.2 or 1.3".to_owned()
        }
        other => format!("TLS failed: {other}"),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => format!(
            "the server's certificate expired on {}; the server's operator has to renew it",
            day(*not_after)
        ),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate is not valid before {}; is the clock of this machine right?",
            day(*not_before)
        ),
        CertificateError::NotValidForNameContext { expected, presented } => {
            of_name(expected, presented)
        }
        CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not meant for servers".to_owned()
        }
        CertificateError::BadEncoding => "the certificate is damaged".to_owned(),
        other => match reason(other) {
            Some(webpki::Error::UnsupportedCertVersion) => {
                "the certificate has an outdated format; it must be X.509 version 3".to_owned()
            }
            Some(reason) => format!("the certificate cannot be used ({reason})"),
            None => format!("the certificate cannot be used: {other}"),
        },
    }
}

fn of_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = expected.to_str();
    if presented.is_empty() {
        return format!(
            "the server's certificate has no subjectAltName; it needs {expected} there"
        );
    }
    let names: Vec<_> = presented.iter().take(MAX_NAMES).map(|name| bare(name)).collect();
    let more = if presented.len() > MAX_NAMES { ", …" } else { "" };
    let names = names.join(", ");
    format!("the server's certificate is for {names}{more}, not for {expected}")
}

/// A name without webpki's wrapping: `DnsName("box7")`, `IpAddress(192.0.2.7)`.
fn bare(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let name = inner.unwrap_or(name).trim_matches('"');
    // The name comes from the server, so it is filtered before it is shown.
    Text::new(name).as_str().chars().take(MAX_NAME).collect()
}

fn day(time: UnixTime) -> String {
    let time =
        i64::try_from(time.as_secs()).ok().and_then(|secs| Timestamp::from_second(secs).ok());
    time.map_or_else(
        || "an unknown date".to_owned(),
        |time| time.to_zoned(TimeZone::UTC).date().to_string(),
    )
}

/// Whether the only fault is that no trusted authority signed the certificate, or one that merely
/// has a trusted authority's name. A certificate that is an authority itself, as `openssl req
/// -x509` makes them, counts as unsigned even if it is trusted as an authority.
pub(super) fn is_untrusted(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(error) = error else { return false };
    matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
        || matches!(reason(error), Some(webpki::Error::CaUsedAsEndEntity))
}

/// webpki's error, where rustls has none of its own.
pub(super) fn reason(error: &CertificateError) -> Option<&webpki::Error> {
    match error {
        CertificateError::Other(other) => other.0.downcast_ref(),
        _ => None,
    }
}
